"""One apply, in parts: the order of its steps, writing, running hooks, deleting, and waiting in between."""
