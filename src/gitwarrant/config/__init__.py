"""The files people write: the agent's own configuration and the repository's `.gitwarrant/`."""
