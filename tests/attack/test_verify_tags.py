"""Attacks on signed tags. All are stopped by verify; `git verify-tag` passes the first three."""

import pytest
from tests.support.chain import DAY, NOW, POLICY, fingerprint, sign, with_key

from gitwarrant.git.headers import object_id
from gitwarrant.git.tag import ParsedTag, parse_tag
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.tags import SignedTag, prove_tag

REF = "refs/tags/v1.0"


def tag(
    name: str = "v1.0", *, by: str = "alice", key: str | None = "alice", commit: str = "1" * 40
) -> ParsedTag:
    payload = (
        f"object {commit}\ntype commit\ntag {name}\n"
        f"tagger T <{by}@example.com> {int(NOW.timestamp())} +0000\n\nReleased\n"
    ).encode()
    raw = payload + (sign(key, payload, "git") if key else b"")
    return parse_tag(raw, object_id("tag", raw))


def prove(
    found: ParsedTag, ref: str = REF, *, known: str | None = None, policy: TrustPolicy = POLICY
) -> SignedTag:
    return prove_tag(found, ref, Registry(policy, ()), known=known, at=NOW)


def refusal(found: ParsedTag, ref: str = REF, **how: object) -> Refused:
    with pytest.raises(Refused) as caught:
        prove(found, ref, **how)  # type: ignore[arg-type]  # options of prove, by name
    assert caught.value.stage == "verify"
    return caught.value


def test_a_signed_tag_under_its_own_name_is_its_makers() -> None:
    """Else the attacks below would prove nothing; seen again, it is still the same."""
    found = tag()

    for known in (None, found.id):
        proof = prove(found, known=known)
        assert (proof.tag, proof.identity.name, proof.key.fingerprint) == (
            found,
            "alice",
            fingerprint("alice"),
        )


def test_tag_name_mismatch() -> None:
    """A vulnerable old release, properly signed, under the name of the new one."""
    refused = refusal(tag("v0.9"), REF)

    assert refused.what == "refs/tags/v1.0 leads to the tag 'v0.9'"
    assert "git tag -s v1.0" in refused.remedy


def test_tag_move() -> None:
    """Alice may sign both; whoever moves the ref chooses which one is deployed."""
    first, second = tag(), tag(commit="2" * 40)

    refused = refusal(second, known=first.id)

    assert refused.what == f"refs/tags/v1.0 was moved: it led to {first.id[:12]}, now to {second.id[:12]}"


def test_a_tag_signed_in_somebody_elses_name() -> None:
    refused = refusal(tag(by="alice", key="bob"))

    assert "tag v1.0 is signed by 'bob', but names 'alice@example.com' as its tagger" in refused.what


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        pytest.param(None, "tag v1.0 is unsigned", id="unsigned"),
        pytest.param("stolen", "a key that nobody here owns", id="an unknown key"),
    ],
)
def test_a_tag_that_nothing_proves(key: str | None, reason: str) -> None:
    """A commit without proof can have others stand for it; a tag cannot."""
    assert reason in refusal(tag(key=key)).what


def test_a_tag_by_an_expired_key_backdated() -> None:
    refused = refusal(tag(), policy=with_key(POLICY, "alice", not_after=NOW - DAY))

    assert "a key that expired 2026-05-31 12:00; the tag was first seen 2026-06-01 12:00" in refused.what


def test_a_tag_changed_after_signing() -> None:
    good = tag()
    raw = good.payload.replace(b"1" * 40, b"2" * 40) + (good.signature or b"")

    assert "it was not made over these bytes" in refusal(parse_tag(raw, object_id("tag", raw))).what


def test_a_commits_signature_on_a_tag() -> None:
    """Both are made for Git's namespace; their bytes begin otherwise, so neither passes for the other."""
    other = sign("alice", b"tree 1\nparent 2\n\nmessage\n", "git")
    raw = tag(key=None).payload + other

    assert "it was not made over these bytes" in refusal(parse_tag(raw, object_id("tag", raw))).what
