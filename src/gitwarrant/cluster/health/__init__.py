"""Whether live objects do what they are for, with reasons a person understands."""

from gitwarrant.cluster.health.verdict import health

__all__ = ["health"]
