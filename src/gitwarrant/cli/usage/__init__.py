"""How commands are called whose work is slow to import, so that their `--help` is not.

One module for each, named like the one in `cli/` that does the work: its
docstring is the description, EXAMPLES the end of the help, `add_arguments` the
rest. Nothing here may import what is heavy; a test holds it to that.
"""
