"""Become a server: keep to some cores, give up root, die with the harness. A script of its own, run by process.py.

Its one argument is JSON: parent (process id), user and group (numbers, null to keep ours), cpus (empty: any),
prepare (commands that run to their end before), serve (the command that it turns into).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import warnings  # noqa: F401  (execvp imports it, and the servers' user may not be able to read our Python.)

PR_SET_PDEATHSIG = 1


def main() -> None:
    order = json.loads(sys.argv[1])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if sys.platform == "linux":  # Others refuse "unlimited" here and have no affinity.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if order["cpus"]:
            os.sched_setaffinity(0, order["cpus"])
    if order["user"] is not None:
        os.setgroups([])
        os.setgid(order["group"])
        os.setuid(order["user"])
    os.umask(0o077)
    die_with(order["parent"])
    for command in order["prepare"]:
        status = run(command)
        if status:
            sys.exit(status)
    become(command=order["serve"])


def die_with(parent: int) -> None:
    """Be killed when the thread that started us ends, in whatever way. Kept by exec, forgotten by a change of user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The harness ended while this server was starting.")


def run(command: list[str]) -> int:
    """By hand, since only between fork and exec can the child be told to die with us."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        die_with(parent)
        become(command)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def become(command: list[str]) -> None:
    try:
        os.execvp(command[0], command)
    except OSError as problem:
        sys.exit(f"Cannot run {command[0]}: {problem.strerror}")


if __name__ == "__main__":
    main()
