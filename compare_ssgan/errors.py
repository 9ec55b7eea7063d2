"""Failures that end a command with one message and an exit code of their own."""


class CommandError(Exception):
    """A failure whose message is all that the user needs to see.

    Attributes:
        exit_code: What the process returns to the shell.
    """

    exit_code = 1


class InputError(CommandError, ValueError):
    """The user's input is wrong: a setting, a file, a combination."""

    exit_code = 2


class RunHeldError(CommandError):
    """Another process works in the run directory."""

    exit_code = 3


class PreemptedError(CommandError):
    """The process was asked to stop and saved a checkpoint first."""

    exit_code = 75
