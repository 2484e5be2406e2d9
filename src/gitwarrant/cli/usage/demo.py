"""See a stolen account refused, and a signed change deployed.

Act 1 needs Python, git and ssh only. Act 2 follows by itself, on a real
Kubernetes API server that is built here (Go) or on a cluster of yours. It
leaves everything running; --down removes all of it.
"""

import argparse
from pathlib import Path

EXAMPLES = """\
examples:
  gitwarrant demo --no-cluster         Act 1 alone: seconds
  gitwarrant demo                      both acts
  gitwarrant demo --kubeconfig ~/.kube/config --context kind-try
  gitwarrant demo --down               end and remove everything
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take how far to go, and where."""
    parser.add_argument("--no-cluster", action="store_true", help="Act 1 only")
    parser.add_argument("--kubeconfig", metavar="FILE", type=Path, help="use this cluster, not a sandbox")
    parser.add_argument("--context", default="", help="its context (default: the current one)")
    parser.add_argument("--yes", action="store_true", help="do not ask before using your cluster")
    parser.add_argument("--down", action="store_true", help="end and remove everything the demo started")
    parser.add_argument("--folder", type=Path, help="where it lives (default: your state folder)")
