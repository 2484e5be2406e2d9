"""Parsers fed with what a machine invents, guided by coverage: `python -m tests.fuzz --seconds 60`."""
