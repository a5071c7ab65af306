"""The command line: options in, exit codes out. Each module adds its commands to the group."""

from harness.cli import deciding, handing_on, judging, measuring
from harness.cli.group import main

__all__ = ["deciding", "handing_on", "judging", "main", "measuring"]
