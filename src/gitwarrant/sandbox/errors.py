"""What can go wrong with a sandbox."""

from gitwarrant.model.errors import GitwarrantError


class SandboxError(GitwarrantError):
    """The sandbox cannot be started, found, judged or ended."""
