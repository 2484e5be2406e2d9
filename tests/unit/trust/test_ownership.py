"""Keys that a statement revoked: no format and no certificate brings them back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.certificates import Issued
from tests.support.chain import DAY, NOW, POLICY, fingerprint, public_key
from tests.support.gpg import Gpg, gnupg

from gitwarrant.model.identity import Key, Purpose
from gitwarrant.trust import openpgp, pgpcert
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.ownership import doubt, owner_of
from gitwarrant.trust.proven import Proven
from gitwarrant.trust.sshsig import examine

MESSAGE = b"tree 0000\n\nmessage\n"


def why(proven: Proven, registry: Registry) -> tuple[str, str]:
    owner = owner_of(proven, registry)
    assert owner is not None
    return doubt(proven, owner, registry, at=NOW, purpose=Purpose.COMMITS)


def alice_with(key: Key) -> Registry:
    alice = replace(POLICY.identities[0], keys=(key,))
    return Registry(replace(POLICY, identities=(alice,)), ())


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("laptop", "key", id="the key in it, which nobody lists"),
        pytest.param("ca", "authority", id="its authority"),
    ],
)
def test_a_certificate_falls_with_its_key_and_its_authority(name: str, what: str) -> None:
    registry = alice_with(Key(public_key("ca"), authority=True))
    proven = examine(Issued().sign(MESSAGE), MESSAGE, "git")

    assert why(proven, registry) == ("", "")
    assert why(proven, registry.revoking({fingerprint(name): None})) == (what, "was revoked")
    assert why(proven, registry.revoking({fingerprint(name): NOW + DAY})) == ("", "")
    assert why(proven, registry.revoking({fingerprint("other"): None})) == ("", "")


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gnupg() as made:
        key = made.make("sub", "rsa2048", "cert", at="20260101T000000")
        made("--quick-add-key", key, "ed25519", "sign", "never", at="20260101T000000")
        yield made


def test_an_openpgp_key_falls_with_its_certificate(gpg: Gpg) -> None:
    """By the subkey's fingerprint, and by the primary key's."""
    primary, signing = gpg.fingerprints("sub")
    text = gpg.export("sub")
    registry = alice_with(Key(text, purposes=frozenset([Purpose.COMMITS])))
    packet = openpgp.read(gpg.sign(signing, MESSAGE, at="20260115T000000"))
    proven = openpgp.verify(packet, MESSAGE, pgpcert.read(text), at=datetime(2026, 1, 15, tzinfo=UTC))

    assert why(proven, registry) == ("", "")
    for one in (primary, signing):
        assert why(proven, registry.revoking({f"openpgp4fpr:{one}": None})) == ("key", "was revoked")
        owner = registry.by_fingerprint(f"openpgp4fpr:{one}")
        assert owner is not None
        assert owner.identity.name == "alice"
