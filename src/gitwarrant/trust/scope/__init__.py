"""What a bot may change: some fields of some kinds, to some values, in files and in what they render to."""
