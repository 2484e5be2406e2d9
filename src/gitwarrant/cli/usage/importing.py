"""Take over from Flux or Argo CD, without a restart of a Pod.

Reads their Kustomizations or Applications from this clone and, with --kubeconfig, from the cluster
that they deploy to. Each becomes an environment. Says what does not carry over, and why; shows for
each object whether our manifest and theirs are the same, by digest. Nothing in the cluster is changed:
that is done by 'gitwarrant apply', once the environment has landed and the other tool is suspended.
"""

import argparse

EXAMPLES = """\
examples:
  gitwarrant import flux                                   what this repository has Flux deploy
  gitwarrant import flux --kubeconfig ~/.kube/config       and whether ours would be the same
  gitwarrant import argocd --kubeconfig FILE --only shop   one Application
  gitwarrant import flux --write                           add the environments to .gitwarrant/

exit status: 0 all that was compared is the same; 1 something differs, or cannot be imported;
2 could not run; 3 the cluster does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the tool, and where its objects are."""
    parser.add_argument("tool", choices=("flux", "argocd"), help="what deploys until now")
    parser.add_argument("--revision", default="HEAD", metavar="REV", help="what to read (default: HEAD)")
    parser.add_argument("--kubeconfig", metavar="FILE", help="the cluster that it deploys to")
    parser.add_argument("--context", metavar="NAME", help="the context in it (default: the current one)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this environment only (again for more)"
    )
    parser.add_argument(
        "--custom-kind",
        action="append",
        default=[],
        metavar="KIND",
        help="a namespaced kind that no file here defines: Widget.example.com",
    )
    parser.add_argument("--write", action="store_true", help="add them to .gitwarrant/environments.yaml")
