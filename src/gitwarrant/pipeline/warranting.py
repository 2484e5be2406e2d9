"""Authorise: issue a warrant for a judged change, or find the one in force. No cluster, no network."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from gitwarrant.audit.leaf_lists import kept_difference
from gitwarrant.audit.queries import apply_completed, last_warrant, moved_to, warranted_body
from gitwarrant.config.agent import Agent, ClusterAccess, WarrantSettings
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.canonical import encode
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Plan
from gitwarrant.model.record import RecordKind
from gitwarrant.model.warrant import WarrantBundle
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.doors import asked_again, check_doors
from gitwarrant.pipeline.judge import proving
from gitwarrant.pipeline.predecessors import predecessors
from gitwarrant.pipeline.question import Judgement
from gitwarrant.trust.authorise import authorise
from gitwarrant.trust.signer import MAX_KEY_BYTES, Signer, UnusableKey, keyid, public_blocks, read_public
from gitwarrant.trust.signers import open_signer
from gitwarrant.trust.warrant import open_warrant
from gitwarrant.trust.warrant_keys import WarrantKeys

MANIFESTS = "manifest"
"""The kind of cached content that keeps warranted manifests, by digest."""
NEW_KEY = "sign with a new key: docs/how-to/replace-the-warrant-key.md"


def warrant_for(work: Delivery, judgement: Judgement, plan: Plan, uid: str) -> WarrantBundle:
    """Authorise a judged change for the cluster of that uid; the warrant is recorded before anybody has it.

    A judgement may be old: an outage or a suspension kept it from the cluster.
    So what hangs on time is asked again, approvals and the rules' expiry too.

    Raises:
        Refused: a gate refused, or does so by now, or authorise does.
    """
    passed_plan(judgement)
    question = asked_again(judgement.question, work.now())
    environment = question.environment
    check_doors(question)
    if judgement.authorship is None or judgement.rendered is None or judgement.report is None:
        raise ValueError("a judgement without refusals has all its evidence")
    proven = proving(question)
    earlier = question.returns
    hold = question.hold if earlier else None
    settings = work.agent.warrant
    last, signing = last_warrant(work.recorder, environment.name), signers(settings, make=True)
    bundle = authorise(
        environment,
        question.tenant,
        proven,
        judgement.report,
        plan,
        rendered=judgement.rendered,
        cluster=uid,
        previous=last.warrant if last else None,
        owners=_other_owners(work, environment.name, plan),
        now=work.now(),
        lifetime=settings.lifetime,
        source=download_location(work.agent.root.url),
        signers=signing,
        hold=hold,
        moved=last is not None and moved_to(work.recorder, last) == uid,
        predecessors=predecessors(work.recorder, environment),
    )
    work.content.put_many(MANIFESTS, {one.digest: encode(one) for one in plan.manifests})
    warrant = open_warrant(bundle.envelope, warrant_keys(settings))
    public = b"".join(signer.public_pem for signer in signing)
    number = last.number if last else None
    difference = kept_difference(work.recorder, environment.name, number, bundle.leaves)
    body = warranted_body(
        warrant,
        bundle,
        public,
        statements=proven.statements.union(hold.orders if hold else ()),
        owed=proven.owed,
        hold=hold.number if hold else 0,
        accepted=earlier.accepted if earlier else True,
        difference=difference,
    )
    work.recorder.append(RecordKind.WARRANTED, environment.name, body)
    return bundle


def access(agent: Agent, environment: str) -> ClusterAccess:
    """How the environment's cluster is reached.

    Raises:
        GitwarrantError: the tenant has no grant for this environment.
    """
    found = agent.cluster_of(environment)
    if found is None:
        raise GitwarrantError(
            f"tenant {agent.tenant.name!r} has no grant for environment {environment!r}",
            remedy="add it to 'grants' in the agent's own configuration",
        )
    return found


def signers(settings: WarrantSettings, *, make: bool) -> tuple[Signer, ...]:
    """What signs warrants.

    Args:
        make: make the first one's key where there is none; not where the keys are pinned.

    Raises:
        UnusableKey: a key is missing, revoked, not among those that are pinned, or cannot be used.
    """
    pinned, found = keyids(settings.keys), _opened(settings, make=make)
    for signer in found:
        if signer.keyid in settings.revoked:
            raise UnusableKey(f"the warrant key {signer.keyid} is in 'revoked_keys'", remedy=NEW_KEY)
        if pinned and signer.keyid not in pinned:
            raise UnusableKey(
                f"the warrant key {signer.keyid} is not among 'warrant.keys', so what it signs would not act",
                remedy="add the file of its public key there, or sign with a key that is there",
            )
    return found


def warrant_keys(settings: WarrantSettings, *, make: bool = False) -> WarrantKeys:
    """Whose signatures make a warrant: the keys that are pinned, else those of the signers.

    Raises:
        UnusableKey: one cannot be read or used.
    """
    public = tuple(pem for path in settings.keys for pem in read_public_file(path))
    public = public or tuple(signer.public_pem for signer in _opened(settings, make=make))
    return WarrantKeys(public, settings.signatures, settings.revoked)


def _opened(settings: WarrantSettings, *, make: bool) -> tuple[Signer, ...]:
    first, *others = settings.signers
    return (open_signer(first, make=make and not settings.keys), *map(open_signer, others))


def read_public_file(path: Path) -> tuple[bytes, ...]:
    """The public keys in a file, each as PEM; at least one.

    Raises:
        UnusableKey: it cannot be read, or one is no P-256 key.
    """
    try:
        with path.open("rb") as file:
            blocks = public_blocks(file.read(MAX_KEY_BYTES)) or (b"",)
        for pem in blocks:
            read_public(pem)
    except OSError as error:
        raise UnusableKey(
            f"the public key {path} cannot be read: {error.strerror}", remedy="correct the path"
        ) from error
    except UnusableKey as error:
        raise UnusableKey(f"{path}: {error.what}", remedy=error.remedy) from error
    return blocks


def keyids(files: Iterable[Path]) -> frozenset[str]:
    """The ids of public keys in files.

    Raises:
        UnusableKey: one cannot be read.
    """
    return frozenset(keyid(read_public(pem)) for path in files for pem in read_public_file(path))


def download_location(url: str) -> str:
    """A repository's address as SPDX writes one, without user, password and query: `git+https://...`."""
    address = url if "://" in url else "ssh://" + url.replace(":", "/", 1)
    return "git+" + quote(without_secrets(address).partition("?")[0].partition("#")[0], safe="/:@+%~[],;=")


def passed_plan(judgement: Judgement) -> Plan:
    """The plan of a judgement that no gate refused.

    Raises:
        Refused: the first refusal.
    """
    if judgement.refusals:
        raise judgement.refusals[0]
    if judgement.plan is None:
        raise ValueError("a judgement without refusals has a plan")
    return judgement.plan


def in_force(work: Delivery, plan: Plan, uid: str, *, owed: bool = False) -> WarrantBundle | None:
    """The last warrant, if it says what this plan says, may still act, and names the keys that must sign.

    Args:
        owed: whether approvals are owed now. What glass was broken for gets a
            warrant of its own once they are there.
    """
    last = last_warrant(work.recorder, plan.environment)
    if (
        last is None
        or (last.owed and not owed)
        or last.warrant.commit != plan.commit
        or last.warrant.cluster != uid
    ):
        return None
    keys = warrant_keys(work.agent.warrant, make=True)
    if not keys.admits(last.envelope):  # a key was lost, replaced, revoked or added
        return None
    if last.warrant.not_after <= work.now() or last.leaves.wanted.digest != plan.leaves.wanted.digest:
        return None
    done = apply_completed(work.recorder, plan.environment, last.warrant.sequence)
    return None if done and plan.leaves.deletes else last.bundle


def _other_owners(work: Delivery, environment: str, plan: Plan) -> Mapping[ObjectKey, str]:
    """Who else owns what the environment would write or delete."""
    here = access(work.agent, environment).name
    beside = frozenset(name for name, cluster in work.agent.destinations if cluster == here)
    moved = [
        *work.tracking.inventory(environment).lacks(plan.leaves),
        *(leaf.key for leaf in plan.leaves.deletes),
    ]
    found = {key: work.tracking.owner(key, beside - {environment}) for key in moved}
    return {key: owner for key, owner in found.items() if owner is not None}


def owners_here(work: Delivery, environment: str) -> Mapping[ObjectKey, str]:
    """Which environment owns each object of the cluster that this environment deploys to."""
    here = access(work.agent, environment).name
    beside = {name for name, cluster in work.agent.destinations if cluster == here}
    return {key: name for name in sorted(beside) for key in work.tracking.inventory(name).by_key}
