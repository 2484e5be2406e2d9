"""How fast manifests are read, beside PyYAML's C loader, in one run.

    python bench/yaml_read.py [--rounds N] [--json]

Both read the same bytes in turn, round by round, so that whatever else the
machine does meets both. The ratio of a round is theirs over ours; the median
of all rounds counts. The values are compared once before.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import yaml

from gitwarrant.yaml.reader import read

WORKLOAD = """\
# What {name} needs; owned by {team}.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {team}
  labels: {{app.kubernetes.io/name: {name}, app.kubernetes.io/part-of: "{team}"}}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: {name}
          image: registry.example.com/{team}/{name}@sha256:{digest}
          args: ["--port=8080", "--log-level=info"]
          env:
            - name: DATABASE_HOST
              value: "db.{team}.svc"
            - name: PASSWORD
              valueFrom: {{secretKeyRef: {{name: {name}, key: password}}}}
          ports:
            - {{containerPort: 8080, name: http}}
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
          resources:
            limits: {{cpu: 500m, memory: 256Mi}}
            requests:
              cpu: 100m
              memory: 128Mi
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {{drop: [ALL]}}
            readOnlyRootFilesystem: true
            runAsNonRoot: true
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {team}
spec:
  selector: {{app.kubernetes.io/name: {name}}}
  ports:
    - port: 80
      targetPort: http
"""
SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: {team}
data:
  app.properties: |
    server.port=8080
    database.pool={replicas}
    cache.enabled=true
  level: info
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One kind of input: its size, the median seconds of both, and the median ratio."""

    name: str
    size: int
    ours: float
    theirs: float
    ratio: float


def manifests(count: int, templates: Sequence[str]) -> bytes:
    """Write `count` applications, the same in every run."""
    chance = random.Random(1)  # noqa: S311 - the same inputs in every run, no secret
    written = []
    for number in range(count):
        facts = {
            "name": f"app-{number}",
            "team": f"team-{chance.randrange(20)}",
            "replicas": chance.randrange(1, 9),
            "digest": f"{chance.getrandbits(256):064x}",
        }
        written += [template.format(**facts) for template in templates]
    return "---\n".join(written).encode()


def inputs() -> dict[str, list[bytes]]:
    """What is read, by name."""
    return {
        "one file of 900 documents": [manifests(300, [WORKLOAD, SERVICE, SETTINGS])],
        "300 files of a workload": [manifests(1, [WORKLOAD])] * 300,
        "600 files of a small object": [manifests(1, [SERVICE]), manifests(1, [SETTINGS])] * 300,
    }


def measure(name: str, files: Sequence[bytes], rounds: int) -> Result:
    """Read the same files with both, in turn."""
    assert [[item.value for item in read(data, name)] for data in files] == _theirs(files)
    pairs = [(_seconds(_ours, files), _seconds(_theirs, files)) for _ in range(rounds)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    return Result(name, sum(map(len, files)), ours, theirs, ratio)


def _ours(files: Sequence[bytes]) -> object:
    return [read(data, "bench.yaml") for data in files]


def _theirs(files: Sequence[bytes]) -> object:
    return [list(yaml.load_all(data, Loader=yaml.CSafeLoader)) for data in files]


def _seconds(reading: Callable[[Sequence[bytes]], object], files: Sequence[bytes]) -> float:
    begin = time.perf_counter()
    reading(files)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How fast manifests are read, beside PyYAML's C loader.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    arguments = parser.parse_args()
    results = [measure(name, files, arguments.rounds) for name, files in inputs().items()]
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    print(f"{'reading':30} {'size':>9} {'gitwarrant':>12} {'CSafeLoader':>12} {'ratio':>7}")
    for result in results:
        ours, theirs = f"{result.ours * 1000:.1f} ms", f"{result.theirs * 1000:.1f} ms"
        print(f"{result.name:30} {result.size // 1024:>5} KiB {ours:>12} {theirs:>12} {result.ratio:>6.2f}x")


if __name__ == "__main__":
    main()
