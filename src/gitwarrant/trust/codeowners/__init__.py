"""CODEOWNERS files in the dialects of GitHub, GitLab and Gitea, each read as its forge means it."""
