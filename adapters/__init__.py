"""One folder, one engine; one file in it, one capability. The tree is the support matrix."""
