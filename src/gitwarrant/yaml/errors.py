"""What is wrong with a YAML file, and where."""

from gitwarrant.model.errors import GitwarrantError


class YamlError(GitwarrantError):
    """A file that is not the YAML that Kubernetes reads, or exceeds a budget."""
