"""The load generator: a program of its own, started in subprocesses because Locust takes a process over.

`loops` sends, `recorder` counts, `sample` keeps answers for grading, `session_thread` and `trial` run one trial in one
process, `plan` is what travels, `worker` and `master` are the two Locust programs, `generator` is the command line's
end of it.
"""
