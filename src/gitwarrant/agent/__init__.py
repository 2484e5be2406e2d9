"""The loop that deploys and watches: pull mode."""
