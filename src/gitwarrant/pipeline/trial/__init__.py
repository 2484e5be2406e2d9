"""A trial: what gitwarrant would have said about a repository that does not use it yet.

An analysis, not a verdict: nothing here feeds a deploy, and nothing is written.
"""
