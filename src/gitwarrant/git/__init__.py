"""Fetching and reading Git without trusting it: server, store and names are all somebody else's."""
