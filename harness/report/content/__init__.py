"""What the report says, theme by theme; `sections` puts it in the order in which people ask."""
