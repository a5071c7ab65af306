"""What people read, made from result files alone.

`view` merges the trials, `answer` says what they show, `sections` lays both out as tables, and `terminal` and
`markdown` print those: every output has the same content.
"""
