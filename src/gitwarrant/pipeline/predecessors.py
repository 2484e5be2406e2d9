"""What the log says of the environments that another one waits for."""

from gitwarrant.audit.queries import apply_completed, healthy_sequence, last_health, last_warrant
from gitwarrant.audit.recorder import Recorder
from gitwarrant.model.environment import Environment
from gitwarrant.model.live import Health
from gitwarrant.trust.predecessors import Predecessor


def predecessors(recorder: Recorder, environment: Environment) -> tuple[Predecessor, ...]:
    """Those that an environment depends on, as far as the log knows them."""
    return tuple(_known(recorder, name) for name in environment.depends_on)


def _known(recorder: Recorder, name: str) -> Predecessor:
    last = last_warrant(recorder, name)
    if last is None:
        return Predecessor(name, 0, False, False, ())
    sequence, seen = last.warrant.sequence, last_health(recorder, name)
    standing = [leaf.key for leaf in last.leaves.standing.leaves]
    # Health is recorded where it changes: after an apply the last word may be an old one,
    # so that everything was seen healthy at once since then is asked for, too.
    return Predecessor(
        name,
        sequence,
        apply_completed(recorder, name, sequence),
        healthy_sequence(recorder, name) == sequence,
        tuple(seen[key] for key in standing if key in seen and seen[key].health is not Health.HEALTHY),
    )
