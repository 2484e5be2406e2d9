"""kubectl, as somebody at a keyboard uses it, against the cluster of the second act."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.model.errors import GitwarrantError

KUBECTL_SECONDS = 120  # a namespace takes a while to go
MEMBER = "applyset.kubernetes.io/part-of"


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster of the second act, as the person who plays it reaches it.

    `pods_start`: whether Pods with invented images become Ready there. `agent`:
    how the agent reaches it, by rights of its own; None: as that person.
    """

    kubeconfig: Path
    context: str
    kubectl: Path | None
    pods_start: bool
    agent: Path | None = None


def run_kubectl(target: Target, environ: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Run kubectl against the target, as a person would; what it prints.

    Raises:
        GitwarrantError: it is missing or fails.
    """
    command = [str(target.kubectl or "kubectl"), f"--kubeconfig={target.kubeconfig}"]
    command += [f"--context={target.context}"] if target.context else []
    try:
        done = subprocess.run(
            [*command, *arguments],
            env=dict(environ),
            capture_output=True,
            text=True,
            check=True,
            timeout=KUBECTL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        raise GitwarrantError(f"kubectl failed: {said}", remedy="see whether the cluster answers") from error
    return done.stdout


def delete_namespaces(target: Target, environ: Mapping[str, str], names: Sequence[str]) -> None:
    """Delete those of some namespaces that gitwarrant made there; another of the same name is left alone.

    Raises:
        GitwarrantError: the cluster does not answer.
    """
    listed = run_kubectl(target, environ, ["get", "namespaces", *names, "--ignore-not-found", "-o", "json"])
    found = json.loads(listed or "{}")
    items = found.get("items", [found] if found else [])
    ours = [item["metadata"]["name"] for item in items if MEMBER in item["metadata"].get("labels", {})]
    if ours:
        run_kubectl(target, environ, ["delete", "namespaces", *ours])
