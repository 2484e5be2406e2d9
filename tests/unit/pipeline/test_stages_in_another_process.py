"""Any stage can run in another process: canonical bytes in, canonical bytes out, the same as here.

apply and observe, which need a cluster, are in `tests/real/test_stages_elsewhere.py`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.support.deployers import REPOSITORY, Deployer, config_map, open_deployer
from tests.support.stages import (
    AuthoriseCall,
    CheckCall,
    Elsewhere,
    FetchCall,
    Fetched,
    PlanCall,
    RenderCall,
    VerifyCall,
)

from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.plan import Plan
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.warrant import WarrantBundle
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.judge import everywhere
from gitwarrant.pipeline.question import Judgement, Question
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.warrant import open_warrant
from gitwarrant.trust.warrant_keys import WarrantKeys

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {text: "\\u2028 ünïcode"}
spec:
  containers:
    - {name: web, image: "web:1", resources: {limits: {cpu: 1.5e3}}, ports: [{containerPort: 0o17}]}
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as child:
        yield child


@pytest.fixture(scope="module")
def deployer(tmp_path_factory: pytest.TempPathFactory) -> Deployer:
    """A repository with a change that adds, changes and deletes, signed and approved."""
    deployer = open_deployer(tmp_path_factory.mktemp("shop"), environments=("staging",))
    deployer.land(
        {
            "staging/other.yaml": config_map("other", number="9007199254740993"),
            "staging/pod.yaml": POD,
            "staging/web.yaml": None,
        },
        approved=True,
    )
    return deployer


@pytest.fixture(scope="module")
def judgement(deployer: Deployer) -> Judgement:
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        return examine(work, candidate(work, "staging"))


@pytest.fixture(scope="module")
def fetched(deployer: Deployer, tmp_path_factory: pytest.TempPathFactory) -> FetchCall:
    quarantine = str(tmp_path_factory.mktemp("quarantine") / "q.git")
    agent = deployer.agent()
    root = agent.root
    assert root.trusted_at
    return FetchCall(root.url, quarantine, REPOSITORY, root.trust_ref, root.trusted_at, "staging")


def test_what_fetch_gives(elsewhere: Elsewhere, fetched: FetchCall) -> None:
    there = elsewhere.answer(fetched)
    here = fetched.answer()

    assert there == encode(here)
    assert decode(Fetched, there) == here
    assert len(here.change.landings) == 1
    assert len(here.change.statements) == 1


def test_verify(elsewhere: Elsewhere, judgement: Judgement) -> None:
    asked = judgement.question
    policies = everywhere(asked.change, asked.policy)
    call = VerifyCall(asked.change, asked.root, policies, asked.environment, asked.witnessed, asked.now)

    there = elsewhere.answer(call)

    assert there == encode(judgement.authorship)
    assert decode(Authorship, there) == judgement.authorship


def test_render(elsewhere: Elsewhere, fetched: FetchCall, judgement: Judgement) -> None:
    environment, tenant = judgement.question.environment, judgement.question.tenant
    call = RenderCall(fetched.answer().tree, environment.namespace, tenant.custom_kinds)

    there = elsewhere.answer(call)

    assert there == encode(judgement.rendered)
    assert decode(Rendered, there) == judgement.rendered


def test_check(elsewhere: Elsewhere, judgement: Judgement) -> None:
    """With a report that passes, and with one that has findings and refuses."""
    assert judgement.rendered is not None
    lenient = CheckCall(judgement.rendered, judgement.question.environment.policies)
    strict = CheckCall(judgement.rendered, tuple(BUILTIN_SETS.values()))

    there = elsewhere.answer(strict)

    assert elsewhere.answer(lenient) == encode(judgement.report)
    assert there == encode(strict.answer())
    assert decode(CheckReport, there) == strict.answer()
    assert strict.answer().refused_by


def test_plan(elsewhere: Elsewhere, judgement: Judgement) -> None:
    """With and without a previous revision to compare with."""
    asked = judgement.question
    assert judgement.rendered is not None
    assert judgement.plan is not None
    first = PlanCall(asked.environment, asked.tenant, judgement.rendered, None, None)
    again = PlanCall(
        asked.environment, asked.tenant, judgement.rendered, judgement.rendered, judgement.plan.leaves
    )

    assert elsewhere.answer(first) == encode(first.answer()) == encode(judgement.plan)
    there = elsewhere.answer(again)
    assert there == encode(again.answer())
    assert decode(Plan, there) == again.answer()


def test_authorise(elsewhere: Elsewhere, judgement: Judgement, deployer: Deployer) -> None:
    """Signatures by P-256 differ each time; what they sign must not, and each must hold."""
    asked, path = judgement.question, deployer.folder / "other.key"
    key = FileSigner.generate(path)
    assert judgement.authorship is not None
    assert judgement.report is not None
    assert judgement.plan is not None
    assert judgement.rendered is not None
    first = AuthoriseCall(
        asked.environment,
        asked.tenant,
        judgement.authorship,
        judgement.report,
        judgement.plan,
        judgement.rendered,
        "cluster-uid",
        None,
        ((judgement.plan.manifests[0].key, "staging"),),
        asked.now,
        str(path),
    )

    there = decode(WarrantBundle, elsewhere.answer(first))

    here = first.answer()
    assert there.leaves == here.leaves
    assert there.envelope.payload == here.envelope.payload
    warrant = open_warrant(there.envelope, WarrantKeys((key.public_pem,)))
    assert decode(type(warrant), encode(warrant)) == warrant


def test_the_whole_question(judgement: Judgement) -> None:
    """Trust root, tenant, rules, environment, change and what was seen, in one value."""
    question = judgement.question

    assert decode(Question, encode(question)) == question
    assert judgement.refusals == ()
