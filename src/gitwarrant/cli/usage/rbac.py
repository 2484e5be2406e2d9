"""Print the Roles that deploying an environment takes, or say what power a change gives to whom.

`rbac ENV` prints the least that the agent needs in the cluster, as manifests with the
reason of every rule, and what a thief of that credential could do beyond. By default
the rules reach as far as the tenant's grant, so that a new object needs no new rule;
what carries power itself is always named. `rbac diff ENV` compares a revision with what
it would replace: who could do more, by which rule, and whom they could become by it.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant rbac production | kubectl apply --server-side -f -
  gitwarrant rbac production --exact                  only the objects that there are now
  gitwarrant rbac production --for user deployer      for somebody who exists
  gitwarrant rbac diff production my-branch           what power a branch gives, and to whom
  gitwarrant rbac diff production --fetched --fail-on-added

exit status: 0 done; 1 refused, or with --fail-on-added: power is added; 2 could not run;
  3 a server does not answer
"""

HOLDERS = ("user", "group", "serviceaccount")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, the revision, and for whom."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[diff] ENV [REV]",
        help="the environment, and the revision (default: HEAD); with 'diff' before: compare",
    )
    parser.add_argument("--exact", action="store_true", help="name every object; new ones need new rules")
    parser.add_argument(
        "--for",
        dest="holder",
        nargs=2,
        metavar=("KIND", "NAME"),
        help=f"who gets the Roles: {', '.join(HOLDERS)} (as NAMESPACE/NAME; default: the ServiceAccount "
        "gitwarrant-system/gitwarrant-applier)",
    )
    parser.add_argument("--base", metavar="REV", help="what to compare with (default: the protected ref)")
    parser.add_argument("--fetched", action="store_true", help="fetch, and compare with the last warrant")
    parser.add_argument(
        "--cluster", action="store_true", help="ask the cluster what it calls kinds that no manifest defines"
    )
    parser.add_argument(
        "--fail-on-added", action="store_true", help="with diff: status 1 where power is added"
    )
    add_config(parser)
