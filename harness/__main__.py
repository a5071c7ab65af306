"""Where the command begins."""

from __future__ import annotations

import signal


def main() -> None:
    """Run it. While its modules load there is nothing to clear away: until then Ctrl-C ends it without a traceback."""
    loud = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # Not if our parent has us ignore it.
    if loud:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness.cli import main as command

    if loud:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


if __name__ == "__main__":
    main()
