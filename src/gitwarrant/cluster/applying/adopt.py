"""Making an object ours that another tool declared, where the environment asked for that."""

from contextlib import suppress

from gitwarrant.cluster.adoption import ours_already, takes_over, transfer
from gitwarrant.cluster.applying.work import Work
from gitwarrant.cluster.refusal import Conflict
from gitwarrant.model.plan import Leaf

TRIES = 3  # a controller that writes its status is at times faster than we are


async def take_over(work: Work, leaf: Leaf) -> bool:
    """Move the fields of the earlier tools to us, if an object is there and they declared it.

    Killed behind it, the next run finds the intent in the log and the fields ours.

    Returns:
        Whether the object is to be applied by force, as one of ours.

    Raises:
        ClusterError: it cannot be moved; what was tried is in the log.
        Unreachable: the server does not answer.
    """
    if not work.adopt:
        return False
    for _ in range(TRIES - 1):
        with suppress(Conflict):
            return await _tried(work, leaf)
    return await _tried(work, leaf)


async def _tried(work: Work, leaf: Leaf) -> bool:
    live = await work.live(leaf)
    if live is None:
        return False
    if not takes_over(live, work.adopt):
        return leaf.key in work.attempted and ours_already(live)
    audit_id = await work.ledger.intend_adoption(leaf)
    operations = transfer(live, work.adopt)
    await work.cluster.json_patch(leaf.key, leaf.version, operations, audit_id=audit_id)
    return True
