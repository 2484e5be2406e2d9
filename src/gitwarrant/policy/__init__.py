"""Checks: what an environment accepts, said of each object with its place and how to mend it."""
