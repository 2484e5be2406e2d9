"""Judge manifests by the built-in checks, without Git or a cluster."""

import argparse

EXAMPLES = """\
exit status:
  0  no finding at or above the threshold
  1  findings, or something that could not be read or judged
  2  could not run; also when no manifest was read

examples:
  gitwarrant check deploy/                           a folder and all below it
  gitwarrant check web.yaml --policy basic-security  one file, the basics only
  helm template . | gitwarrant check -               what a tool prints
  gitwarrant check deploy/ --output json             for programs
"""

DEFAULT_SET = "production-security"
SETS = (  # of policy.sets
    "basic-security",
    "enhanced-security",
    "performance-validation",
    "production-security",
    "compliance-validation",
)
SEVERITIES = ("low", "medium", "high", "critical")  # of model.finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take paths, policy sets and a threshold."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="file or folder; - is standard input")
    parser.add_argument(
        "--policy",
        action="append",
        choices=SETS,
        metavar="SET",
        help=f"policy set, may be repeated (default: {DEFAULT_SET})",
    )
    parser.add_argument(
        "--threshold",
        choices=SEVERITIES,
        help="severity from which a finding fails, instead of the set's own",
    )
    parser.add_argument("--list", action="store_true", help="list the policy sets and end")
