"""What can go wrong, by whose turn it is to act. Each message names the thing, the choices and the next step."""

from __future__ import annotations


class BakeoffError(Exception):
    """Anything the user is told in one or two lines, without a traceback. `exit_code` ends the process."""

    exit_code = 1


class UsageError(BakeoffError):
    """The user asked for something that does not exist or is out of range."""

    exit_code = 2


class EnvironmentProblem(BakeoffError):
    """Something this machine should have is missing: a server, an image, room on the disk."""

    exit_code = 5


class Unsupported(Exception):
    """The running server lacks a capability. Not a failure: tables show it with its reason.

    `remedy` says what would change it, in a few words.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} ({remedy})")
        self.reason = reason
        self.remedy = remedy
