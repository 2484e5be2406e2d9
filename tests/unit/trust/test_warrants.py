"""Warrants: what they say, what refuses them, and that others can check them."""

import base64
import hashlib
import json
import re
import subprocess
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from tests.support.chain import MAIN, NOW, REPOSITORY
from tests.support.warrants import (
    AUTHORSHIP,
    CLUSTER,
    DATABASE,
    ENVIRONMENT,
    HEAD,
    HOUR,
    KEYS,
    LEAVES,
    PLAN,
    RENDERED,
    REPORT,
    SIGNER,
    SOURCE,
    TENANT,
    WEB,
    issue,
    leaf,
    plan_with,
)

from gitwarrant.audit.queries import read_warrant
from gitwarrant.model.authorship import Approval, LandingProof, Proof
from gitwarrant.model.canonical import Digest, digest, encode
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport, Finding, Severity, Unjudged
from gitwarrant.model.plan import Operation
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.warrant import FIRST_FORM, FORM, Envelope, Signature, Warrant
from gitwarrant.trust.authorise import authorise
from gitwarrant.trust.dsse import BadEnvelope, from_json, pre_authentication, to_json
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.leaves import leaves_root, prove_leaf, proven_root, read_proof
from gitwarrant.trust.signer import UnusableKey
from gitwarrant.trust.summary import payload, payload_digest
from gitwarrant.trust.warrant import admit, check_follows, open_warrant, seal
from gitwarrant.trust.warrant_keys import WarrantKeys

OTHER = CommitId("d" * 40)

FIRST = open_warrant(issue().envelope, KEYS)


def test_the_first_warrant_says_what_was_judged() -> None:
    """The whole value, read back from the envelope by the public key alone."""
    assert (
        Warrant(
            tenant="shop",
            environment="production",
            cluster=CLUSTER,
            sequence=1,
            previous="",
            repository=REPOSITORY,
            ref=MAIN,
            commit=HEAD,
            issued=NOW,
            not_after=NOW + HOUR,
            leaves=LEAVES.digest,
            leaves_root=leaves_root(LEAVES),
            evidence=(
                ("authorship", digest(AUTHORSHIP)),
                ("checks", digest(REPORT)),
                ("plan", PLAN.digest),
                ("policy", AUTHORSHIP.policy),
            ),
            form=FORM,
            source=SOURCE,
            reviewers=0,
        )
        == FIRST
    )


def test_the_next_warrant_names_the_one_before() -> None:
    second = open_warrant(issue(previous=FIRST).envelope, KEYS)

    assert (second.sequence, second.previous) == (2, payload_digest(FIRST))


def test_others_read_a_verification_summary() -> None:
    """The fields that in-toto and SLSA v1.2 name for a source, filled as they ask."""
    statement = json.loads(issue().envelope.payload)
    predicate = statement.pop("predicate")
    extension = predicate.pop("urn:x-gitwarrant:warrant:v2")

    assert statement == {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "subject": [
            {
                "name": "git:example/shop",
                "uri": f"git+https://git.example.com/shop.git@{HEAD}",
                "digest": {"gitCommit": HEAD},
                "annotations": {"sourceRefs": ["refs/heads/main"]},
            },
            {
                "name": "leaves",
                "digest": {
                    "sha256": hashlib.sha256(encode(LEAVES)).hexdigest(),
                    "rfc6962Sha256": leaves_root(LEAVES).removeprefix("sha256:"),
                },
            },
        ],
    }
    assert predicate == {
        "verifier": {"id": "urn:x-gitwarrant:authority"},
        "timeVerified": "2026-06-01T12:00:00Z",
        "resourceUri": "git+https://git.example.com/shop.git",
        "policy": {
            "uri": "git+https://git.example.com/shop.git#.gitwarrant",
            "digest": {"sha256": "a" * 64},
        },
        "inputAttestations": [
            {"uri": f"urn:x-gitwarrant:evidence:v1:{name}", "digest": {"sha256": value[7:]}}
            for name, value in (
                ("authorship", digest(AUTHORSHIP)),
                ("checks", digest(REPORT)),
                ("plan", PLAN.digest),
            )
        ],
        "verificationResult": "PASSED",
        "verifiedLevels": [
            "SLSA_SOURCE_LEVEL_1",
            "GITWARRANT_AUTHORSHIP_PROVEN",
            "GITWARRANT_CHECKS_PASSED",
        ],
        "slsaVersion": "1.2",
    }
    assert extension["sequence"] == 1


def landing(proof: Proof, *approvers: str) -> LandingProof:
    approvals = tuple(Approval(name, Digest("sha256:s"), f"SHA256:{name}") for name in approvers)
    return LandingProof(
        landing=HEAD,
        authors=frozenset(["ada"]),
        keys=frozenset(["SHA256:a"]),
        proof=proof,
        approvals=approvals,
        paths=("web.yaml",),
        statements=frozenset(),
    )


@pytest.mark.parametrize(
    ("landings", "level"),
    [
        pytest.param((), [], id="no landing, no claim"),
        pytest.param((landing(Proof.SIGNATURE),), [], id="nobody approved"),
        pytest.param(
            (landing(Proof.SIGNATURE, "bob", "carol"),), ["GITWARRANT_REVIEWED_BY_2"], id="two people"
        ),
        pytest.param((landing(Proof.SIGNATURE, "bob", "bob"),), ["GITWARRANT_REVIEWED_BY_1"], id="one twice"),
        pytest.param(
            (landing(Proof.SIGNATURE, "bob", "carol"), landing(Proof.STATEMENT, "bob")),
            ["GITWARRANT_REVIEWED_BY_1"],
            id="the landing with the fewest decides",
        ),
        pytest.param(
            (landing(Proof.EXTRA_APPROVAL, "bob", "carol"),),
            ["GITWARRANT_REVIEWED_BY_1"],
            id="who answers for the content does not review it",
        ),
        pytest.param((landing(Proof.SIGNATURE, "bob"), landing(Proof.SIGNATURE)), [], id="one not reviewed"),
    ],
)
def test_reviews_are_claimed_as_far_as_each_landing_has_them(
    landings: tuple[LandingProof, ...], level: list[str]
) -> None:
    envelope = issue(authorship=replace(AUTHORSHIP, landings=landings)).envelope

    claimed = json.loads(envelope.payload)["predicate"]["verifiedLevels"]

    assert claimed[3:] == level


def test_the_statements_that_were_judged_are_attestations_that_can_be_fetched() -> None:
    """Each once, by digest and by the ref it lies at."""
    one, two = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
    landings = (
        replace(landing(Proof.SIGNATURE), statements=frozenset([two, one])),
        replace(landing(Proof.STATEMENT), statements=frozenset([one])),
    )

    envelope = issue(authorship=replace(AUTHORSHIP, landings=landings)).envelope

    assert open_warrant(envelope, KEYS).statements == (one, two)
    attestations = json.loads(envelope.payload)["predicate"]["inputAttestations"]
    assert attestations[3:] == [
        {"uri": f"{SOURCE}@refs/gitwarrant/statements/{digits}", "digest": {"sha256": digits}}
        for digits in ("1" * 64, "2" * 64)
    ]


def first_form() -> Record:
    """A record that the first version wrote: with one signature, and the first form of the payload."""
    body = json.loads((Path(__file__).parent / "warranted_first_form.json").read_text())
    return Record(7, NOW, RecordKind.WARRANTED, "production", body)


def test_a_warrant_of_the_first_version_is_read_and_followed() -> None:
    """Its signature holds, its payload is the one it always had, and the next warrant continues its chain."""
    last = read_warrant(first_form())
    opened = open_warrant(last.bundle.envelope, KEYS)

    following = open_warrant(issue(previous=opened).envelope, KEYS)

    assert opened == last.warrant
    assert opened == replace(FIRST, form=FIRST_FORM, source="", reviewers=0, evidence=opened.evidence)
    assert payload_digest(opened) == last.digest == following.previous
    assert admit(last.bundle, KEYS, cluster=CLUSTER, highest_sequence=1, now=NOW) == opened
    check_follows(following, opened)


def test_openssl_checks_the_envelopes_signature(tmp_path: Path) -> None:
    """With the public key alone, by a program that is not ours."""
    envelope = issue().envelope
    (tmp_path / "key.pem").write_bytes(SIGNER.public_pem)
    [signature] = envelope.signatures
    (tmp_path / "signature").write_bytes(signature.value)
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(envelope.payload), envelope.payload)
    command = ["openssl", "dgst", "-sha256", "-verify", str(tmp_path / "key.pem")]

    done = subprocess.run(
        [*command, "-signature", str(tmp_path / "signature")], input=signed, capture_output=True, check=False
    )

    assert done.stdout == b"Verified OK\n"


def test_a_warrant_issued_in_another_zone_is_the_same_warrant() -> None:
    elsewhere = replace(FIRST, issued=NOW.astimezone(timezone(timedelta(hours=9))))

    assert payload(elsewhere) == payload(FIRST)


def test_one_object_proves_itself_without_the_others() -> None:
    """An inclusion proof of two hashes leads to the root that the warrant names."""
    proof = prove_leaf(LEAVES, leaf(WEB))

    assert (proof.leaf, proof.size, len(proof.path)) == (leaf(WEB), len(LEAVES.leaves), 1)
    assert proven_root(read_proof(encode(proof))) == FIRST.leaves_root


FINDING = Finding("runs-as-root", Severity.HIGH, WEB.key, Place("web.yaml", 7), "m", "r")


def refused_report() -> CheckReport:
    return replace(REPORT, findings=(FINDING,), refused_by=(FINDING,))


def unjudged_report() -> CheckReport:
    return replace(REPORT, unjudged=(Unjudged("selectors", WEB.key, Place("web.yaml", 2), "why"),))


@pytest.mark.parametrize(
    ("evidence", "what"),
    [
        pytest.param(
            {"report": refused_report()},
            "the checks refused the change: runs-as-root on ConfigMap shop/web (1 in all)",
            id="a finding",
        ),
        pytest.param(
            {"report": unjudged_report()},
            "the checks refused the change: selectors on ConfigMap shop/web (1 in all)",
            id="a check that could not judge",
        ),
        pytest.param(
            {"report": replace(REPORT, objects=1)},
            "the checks saw 1 objects of cccccccccccc, the plan has 2 of cccccccccccc",
            id="a report of something else",
        ),
        pytest.param(
            {"report": replace(REPORT, commit=OTHER)},
            "the checks saw 2 objects of dddddddddddd, the plan has 2 of cccccccccccc",
            id="a report of another commit",
        ),
        pytest.param(
            {"plan": replace(PLAN, commit=OTHER), "report": replace(REPORT, commit=OTHER)},
            "the authorship is of commit cccccccccccc, the plan of dddddddddddd",
            id="a plan of another commit",
        ),
        pytest.param(
            {"plan": replace(PLAN, environment="staging")},
            "the plan is for environment 'staging', not 'production'",
            id="a plan of another environment",
        ),
        pytest.param(
            {"authorship": replace(AUTHORSHIP, ref="refs/heads/dev")},
            "the authorship is of refs/heads/dev, not of the environment's ref refs/heads/main",
            id="an authorship of another ref",
        ),
        pytest.param(
            {"plan": plan_with(leaf(WEB))}, "the plan's leaves are not what was rendered", id="a leaf too few"
        ),
        pytest.param(
            {"plan": plan_with(leaf(WEB), leaf(DATABASE), leaf(WEB, Operation.DELETE))},
            "the plan has two leaves for one object",
            id="two leaves for one object",
        ),
        pytest.param(
            {"to": replace(ENVIRONMENT, promotion_source="staging")},
            "environment 'production' is to be promoted from 'staging', which this version cannot judge yet",
            id="promotion",
        ),
        pytest.param(
            {"tenant": replace(TENANT, grants=())},
            "tenant 'shop' may not deploy environment 'production'; granted: none",
            id="no grant",
        ),
        pytest.param(
            {"owners": {WEB.key: "staging"}},
            "ConfigMap shop/web belongs to environment 'staging' already",
            id="another owner",
        ),
        pytest.param(
            {"previous": replace(FIRST, environment="staging")},
            f"the previous warrant is of 'staging' in cluster {CLUSTER!r}, "
            f"not of 'production' in {CLUSTER!r}",
            id="a previous warrant of another environment",
        ),
        pytest.param(
            {"previous": FIRST, "cluster": "other"},
            f"the previous warrant is of 'production' in cluster {CLUSTER!r}, not of 'production' in 'other'",
            id="a previous warrant of another cluster",
        ),
        pytest.param(
            {"previous": replace(FIRST, issued=NOW + HOUR)},
            "the previous warrant, number 1, was issued 2026-06-01 13:00, which is later than now",
            id="a clock that was set back",
        ),
    ],
)
def test_evidence_that_does_not_suffice_gets_no_warrant(evidence: dict[str, object], what: str) -> None:
    with pytest.raises(Refused) as caught:
        issue(**evidence)  # type: ignore[arg-type]  # evidence by name

    assert (caught.value.stage, caught.value.what) == ("authorise", what)


def test_an_object_of_the_same_environment_is_no_conflict() -> None:
    owned = issue(owners={WEB.key: "production"})

    assert owned.envelope.payload == issue().envelope.payload


def test_a_warrant_without_lifetime_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="positive lifetime"):
        authorise(
            ENVIRONMENT,
            TENANT,
            AUTHORSHIP,
            REPORT,
            PLAN,
            rendered=RENDERED,
            cluster=CLUSTER,
            previous=None,
            owners={},
            now=NOW,
            lifetime=timedelta(0),
            source=SOURCE,
            signers=(SIGNER,),
        )


def test_only_verify_makes_an_authorship() -> None:
    """Whoever could make one elsewhere would be a second way in."""
    source = Path(__file__).parents[3] / "src" / "gitwarrant"
    makers = [path for path in source.rglob("*.py") if re.search(r"(?:=|return) Authorship\(", text(path))]

    assert [path.relative_to(source).as_posix() for path in makers] == ["trust/verify.py"]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_an_envelope_is_written_as_cosign_reads_it() -> None:
    envelope = Envelope("text/plain", b"hello", (Signature("key", b"\x01\x02"),))

    assert json.loads(to_json(envelope)) == {
        "payload": "aGVsbG8=",
        "payloadType": "text/plain",
        "signatures": [{"keyid": "key", "sig": "AQI="}],
    }
    assert from_json(to_json(envelope)) == envelope


def test_the_example_of_the_dsse_specification() -> None:
    """protocol.md: what is signed for `hello world` of type `http://example.com/HelloWorld`."""
    signed = pre_authentication("http://example.com/HelloWorld", b"hello world")

    assert signed == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


SIGNATURE = {"keyid": "k", "sig": "AQI="}
ENVELOPE = {"payload": "AQI=", "payloadType": "t", "signatures": [SIGNATURE]}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[" * 5000, id="deep"),
        pytest.param(b"x" * 1_100_000, id="large"),
        pytest.param(json.dumps({**ENVELOPE, "more": 1}).encode(), id="another member"),
        pytest.param(json.dumps({**ENVELOPE, "signatures": []}).encode(), id="no signature"),
        pytest.param(
            json.dumps({**ENVELOPE, "signatures": [SIGNATURE] * 2}).encode(), id="two signatures of one key"
        ),
        pytest.param(
            json.dumps({**ENVELOPE, "signatures": [SIGNATURE, {**SIGNATURE, "keyid": "a"}]}).encode(),
            id="not in their order",
        ),
        pytest.param(
            json.dumps(
                {**ENVELOPE, "signatures": [{**SIGNATURE, "keyid": str(n)} for n in range(9)]}
            ).encode(),
            id="nine signatures",
        ),
        pytest.param(json.dumps({**ENVELOPE, "signatures": {"keyid": "k"}}).encode(), id="an object"),
        pytest.param(json.dumps({**ENVELOPE, "signatures": [{"sig": "AQI="}]}).encode(), id="no key id"),
        pytest.param(json.dumps({**ENVELOPE, "signatures": None}).encode(), id="no list"),
        pytest.param(json.dumps({**ENVELOPE, "payload": "AQJ="}).encode(), id="stray bits in base64"),
        pytest.param(json.dumps({**ENVELOPE, "payload": 1}).encode(), id="a number as payload"),
        pytest.param(json.dumps({**ENVELOPE, "payloadType": "\ud800"}).encode(), id="half a character"),
        pytest.param(
            json.dumps(ENVELOPE).replace('"payload"', '"payload":"","payload"').encode(), id="twice"
        ),
    ],
)
def test_bytes_that_are_no_envelope_are_refused(data: bytes) -> None:
    with pytest.raises(BadEnvelope):
        from_json(data)


def test_a_key_is_generated_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "warrant.key"

    made = FileSigner.generate(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert FileSigner.load(path).public_pem == made.public_pem
    assert [file.name for file in tmp_path.iterdir()] == ["warrant.key"]
    with pytest.raises(UnusableKey, match="File exists"):
        FileSigner.generate(path)
    assert open_warrant(seal(FIRST, [FileSigner.load(path)]), WarrantKeys((made.public_pem,))) == FIRST


def test_the_key_id_is_the_digest_of_the_public_key() -> None:
    der = base64.b64decode(b"".join(SIGNER.public_pem.splitlines()[1:-1]))

    assert SIGNER.keyid == hashlib.sha256(der).hexdigest()


def ed25519_pem() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        pytest.param(None, 0, "cannot be read: No such file or directory", id="missing"),
        pytest.param(b"x", 0o640, "is open to others (mode 0640)", id="open to the group"),
        pytest.param(b"x", 0o604, "is open to others (mode 0604)", id="open to all"),
        pytest.param(b"", 0o600, "does not hold an unencrypted P-256 private key", id="empty"),
        pytest.param(b"x" * 20_000, 0o600, "does not hold an unencrypted P-256 private key", id="large"),
        pytest.param(ed25519_pem(), 0o600, "does not hold an unencrypted P-256 private key", id="ed25519"),
    ],
)
def test_a_key_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | None, mode: int, reason: str
) -> None:
    path = tmp_path / "warrant.key"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)

    with pytest.raises(UnusableKey) as caught:
        FileSigner.load(path)

    assert reason in caught.value.what


def test_a_folder_that_does_not_exist_takes_no_key(tmp_path: Path) -> None:
    with pytest.raises(UnusableKey, match="No such file or directory"):
        FileSigner.generate(tmp_path / "nowhere" / "warrant.key")


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_public_key_that_cannot_be_read_says_so(pem: bytes) -> None:
    with pytest.raises(UnusableKey, match="not a public key in PEM"):
        open_warrant(issue().envelope, WarrantKeys((pem,)))


def test_evidence_is_named_by_digest() -> None:
    """Another report, another warrant: what was judged cannot be exchanged afterwards."""
    other = open_warrant(
        issue(authorship=replace(AUTHORSHIP, policy=Digest("sha256:" + "b" * 64))).envelope, KEYS
    )

    changed = {name for name, value in other.evidence if dict(FIRST.evidence)[name] != value}

    assert changed == {"authorship", "policy"}
