"""How a sub-command ends: its exit codes, and the failure that carries one sentence."""

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


class CommandFailed(Exception):
    """A command can't go on; `message` is one sentence that says what to do next."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
