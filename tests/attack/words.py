"""What many refusals of one scene have in common: where its rules stand, and how a missing approval reads."""

ANY_PATH = ".gitwarrant/rules.yaml:7:9"
"""The rule of every path."""
DATABASE = ".gitwarrant/rules.yaml:14:9"
"""The rule of `/database/`."""
NOTES = ".gitwarrant/rules.yaml:18:9"
"""The rule of `/notes/`."""

NEEDS_ONE = (
    "landing COMMIT: 'production/web.yaml' needs 1 approval of platform or security; "
    "approved so far by nobody"
)
NOT_COUNTED = NEEDS_ONE + "; bob's approve statement does not count: "
