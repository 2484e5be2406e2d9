"""Forges as witnesses: reviews read from GitHub, GitLab or Gitea, as that forge's testimony."""
