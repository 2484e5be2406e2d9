"""The log: what happened, appended and never changed; what is known from it."""
