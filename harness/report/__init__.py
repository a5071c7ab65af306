"""What people read, made from result files alone.

`view` merges the trials and says who may be ranked, `answer` and `certainty` say what that shows and what it does not,
`sections` lays all of it out, theme by theme, and `terminal`, `markdown` and `html` print it: the content is the same.
"""
