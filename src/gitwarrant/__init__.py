"""GitOps delivery where a stolen Git account is not enough to deploy."""

__version__ = "0.1.0"
