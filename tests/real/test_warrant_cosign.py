"""Warrants, verified by what is not ours: cosign, in-toto's reader, another DSSE, openssl and jq."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format  # type: ignore[import-untyped]  # brings no types
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2  # type: ignore[import-untyped]  # likewise
from in_toto_attestation.v1 import statement_pb2  # type: ignore[import-untyped]  # likewise
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]  # likewise
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import Key, SSlibKey
from tests.support.programs import program
from tests.support.warrants import HEAD, KEYS, LEAVES, OTHER_SIGNER, SIGNER, WEB, config_map, issue, leaf

from gitwarrant.model.canonical import encode
from gitwarrant.pipeline.exporting import export, proof_name
from gitwarrant.trust.signer import Signer
from gitwarrant.trust.warrant import open_warrant

pytestmark = pytest.mark.real

SUMMARY = "https://slsa.dev/verification_summary/v1"
SECONDS = 30
ONE, BOTH = (SIGNER,), (SIGNER, OTHER_SIGNER)
SIGNERS = [pytest.param(ONE, id="one signer"), pytest.param(BOTH, id="two signers")]


def exported(folder: Path, signers: tuple[Signer, ...] = ONE) -> Path:
    """A warrant as `warrant export` writes it, with a proof of one object."""
    bundle = issue(signers=signers)
    warrant = open_warrant(issue().envelope, KEYS)
    files = export(warrant, bundle, [signer.public_pem for signer in BOTH], [leaf(WEB)])
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / f"{OTHER_SIGNER.keyid[:16]}.pub").write_bytes(OTHER_SIGNER.public_pem)
    return folder


def environment(folder: Path) -> Mapping[str, str]:
    """cosign first on PATH, and a home that keeps it from the user's own."""
    cosign = program("cosign", "python tools/build.py cosign")
    return {**os.environ, "HOME": str(folder), "PATH": f"{cosign.parent}:{os.environ['PATH']}"}


def verified(folder: Path, *arguments: str, signer: Signer = SIGNER) -> tuple[int, str]:
    """Exit status and last line of `cosign verify-blob-attestation` with a signer's public key."""
    command = ["cosign", "verify-blob-attestation", "--insecure-ignore-tlog", "--type", SUMMARY]
    done = subprocess.run(
        [*command, "--key", f"{signer.keyid[:16]}.pub", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


def bundle_of(signer: Signer) -> str:
    return f"warrant.{signer.keyid[:16]}.sigstore.json"


@pytest.mark.parametrize("signers", SIGNERS)
def test_cosign_verifies_the_objects_and_the_revision(tmp_path: Path, signers: tuple[Signer, ...]) -> None:
    """By each key that signed, from the bundle for sigstore's tools and from the plain envelope."""
    folder = exported(tmp_path, signers)
    digest = ("--digest", HEAD, "--digestAlg", "gitCommit")

    for signer in signers:
        bundle = ("--bundle", bundle_of(signer))
        assert verified(folder, *bundle, "leaves.json", signer=signer) == (0, "Verified OK")
        assert verified(folder, *bundle, *digest, signer=signer) == (0, "Verified OK")
        plain = ("--signature", "warrant.dsse.json", "leaves.json")
        assert verified(folder, *plain, signer=signer) == (0, "Verified OK")


def changed_byte(folder: Path) -> None:
    path = folder / bundle_of(SIGNER)
    envelope = json.loads(path.read_text())
    payload = envelope["dsseEnvelope"]["payload"]
    middle = len(payload) // 2
    other = "A" if payload[middle] != "A" else "B"
    envelope["dsseEnvelope"]["payload"] = payload[:middle] + other + payload[middle + 1 :]
    path.write_text(json.dumps(envelope))


def changed_leaves(folder: Path) -> None:
    leaves = folder / "leaves.json"
    leaves.write_bytes(leaves.read_bytes().replace(b'"web"', b'"wob"'))


def other_key(folder: Path) -> None:
    (folder / f"{SIGNER.keyid[:16]}.pub").write_bytes(OTHER_SIGNER.public_pem)


def other_warrant(folder: Path) -> None:
    (folder / "leaves.json").write_bytes(encode(leaf(config_map("other"))))


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        pytest.param(changed_byte, "could not verify envelope", id="one byte of the payload"),
        pytest.param(other_key, "could not verify envelope", id="another key"),
        pytest.param(changed_leaves, "do not match digests in statement", id="one byte of the leaves"),
        pytest.param(other_warrant, "do not match digests in statement", id="another subject"),
    ],
)
def test_cosign_refuses_what_was_tampered_with(tmp_path: Path, attack: Any, said: str) -> None:
    folder = exported(tmp_path)
    attack(folder)

    status, last = verified(folder, "--bundle", bundle_of(SIGNER), "leaves.json")

    assert (status, said in last) == (1, True), last


def test_cosign_refuses_another_revision_and_another_type(tmp_path: Path) -> None:
    """The summary is about this commit, and it is a summary."""
    folder = exported(tmp_path)
    bundle = ("--bundle", bundle_of(SIGNER))

    status, last = verified(folder, *bundle, "--digest", "d" * 40, "--digestAlg", "gitCommit")
    assert (status, "does not match any digest in statement" in last) == (1, True), last
    status, last = verified(folder, *bundle, "--type", "slsaprovenance1", "leaves.json")
    assert (status, "invalid predicate type" in last) == (1, True), last


def test_in_toto_reads_the_statement_and_the_summary() -> None:
    """Its own messages, strictly: a member of another type is an error.

    Its message for the summary takes `verifiedLevels` for one text where SLSA
    says a list; so this member is judged here, as SLSA v1.2 says.
    """
    payload = json.loads(issue().envelope.payload)

    statement = json_format.ParseDict(payload, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    levels = payload["predicate"].pop("verifiedLevels")
    summary = json_format.ParseDict(
        payload["predicate"], vsa_pb2.VerificationSummary(), ignore_unknown_fields=True
    )

    assert dict(statement.subject[0].digest) == {"gitCommit": HEAD}
    assert dict(statement.subject[1].digest)["sha256"] == LEAVES.digest.removeprefix("sha256:")
    assert summary.verification_result == "PASSED"
    assert summary.resource_uri == "git+https://git.example.com/shop.git"
    assert [level for level in levels if level.startswith("SLSA_SOURCE_LEVEL_")] == ["SLSA_SOURCE_LEVEL_1"]
    custom = re.compile(r"SLSA_SOURCE_LEVEL_[0-4]|(?!SLSA_)[A-Z][A-Z0-9_]*")
    assert all(custom.fullmatch(level) for level in levels)


def test_another_dsse_verifies_both_signatures(tmp_path: Path) -> None:
    """With a threshold of two keys; one signature alone does not reach it."""
    keys: list[Key] = [
        SSlibKey.from_crypto(load_pem_public_key(one.public_pem), keyid=one.keyid) for one in BOTH
    ]
    both, alone = (
        OtherEnvelope.from_dict(json.loads((folder / "warrant.dsse.json").read_text()))
        for folder in (exported(tmp_path / "both", BOTH), exported(tmp_path / "one"))
    )

    assert set(both.verify(keys, 2)) == {SIGNER.keyid, OTHER_SIGNER.keyid}
    with pytest.raises(VerificationError):
        alone.verify(keys, 2)


def commands(page: Path) -> list[tuple[str, str]]:
    """The fenced commands of a page: shell and text."""
    return re.findall(r"^```(sh|bash)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("signers", SIGNERS)
def test_the_commands_of_the_page_beside_it_work_as_written(
    tmp_path: Path, signers: tuple[Signer, ...]
) -> None:
    """Each in a shell of its own, in the folder; and none of them once a byte was changed."""
    program("jq", "apt-get install jq")
    folder = exported(tmp_path, signers)

    found = commands(folder / "README.md")
    results = [ran(folder, shell, text) for shell, text in found]

    assert len(found) == 3 * len(signers) + 3
    assert [result for result in results if result[0]] == []
    said = "\n".join(text for _, text in results)
    assert said.count("Verified OK") == 3 * len(signers)
    assert "leaves.json: OK" in said
    assert "apply ConfigMap shop/web sha256:" in said
    assert said.rstrip().endswith("true")


def ran(folder: Path, shell: str, text: str) -> tuple[int, str]:
    done = subprocess.run(
        [shell, "-eu", "-c", text],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_commands_of_the_page_find_a_changed_byte(tmp_path: Path) -> None:
    """The signature by hand, the list by its digest, the object by its proof."""
    program("jq", "apt-get install jq")
    folder = exported(tmp_path)
    changed_byte(folder)
    changed_leaves(folder)
    envelope = folder / "warrant.dsse.json"
    envelope.write_bytes(envelope.read_bytes().replace(b'"sig":"ME', b'"sig":"MF'))
    proof = folder / proof_name(leaf(WEB))
    proof.write_bytes(proof.read_bytes().replace(b'"web"', b'"wob"'))

    failed = [text for shell, text in commands(folder / "README.md") if ran(folder, shell, text)[0]]

    assert len(failed) == 5, failed
