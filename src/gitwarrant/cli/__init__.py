"""Thin commands: read the arguments, call one function, show the result, return the exit status."""
