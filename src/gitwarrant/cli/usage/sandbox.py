"""A real Kubernetes to try, test and drill against: API server, etcd, controllers, scheduler, fake nodes.

Everything runs as child processes of this machine, listens on loopback alone and lives in one folder.
"""

import argparse
from pathlib import Path

EXAMPLES = """\
examples:
  gitwarrant sandbox up                              ready in seconds; run it again any time
  export KUBECONFIG=$(gitwarrant sandbox kubeconfig)
  gitwarrant sandbox kubeconfig --user jane --group team-a     a client certificate, to try out RBAC
  gitwarrant sandbox status --output json
  gitwarrant sandbox logs kube-apiserver -f
  gitwarrant sandbox down --keep                     end it, keep its objects for the next 'up'
  gitwarrant sandbox down                            leave nothing
"""


ACTIONS = ("up", "down", "status", "kubeconfig", "logs", "list")
PARTS = "etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, supervisor, audit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be done with a sandbox, and with which."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("part", nargs="?", metavar="PART", help=f"with logs: one of {PARTS}")
    parser.add_argument("--name", default="default", help="which sandbox (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where sandboxes are kept (default: your state folder)")
    parser.add_argument("--keep", action="store_true", help="with down: keep the data")
    parser.add_argument("--user", help="with kubeconfig: act as this user")
    parser.add_argument("--group", action="append", default=[], help="with kubeconfig: and in this group")
    parser.add_argument("-f", "--follow", action="store_true", help="with logs: go on with what is added")
