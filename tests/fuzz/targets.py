"""All fuzz targets, a line each: its parser, the errors it may raise, inputs to start from."""

from collections.abc import Mapping
from datetime import UTC

from gitwarrant.git.commit import MalformedObject, object_id, parse_commit
from gitwarrant.git.tag import parse_tag
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import IdentityKind
from gitwarrant.trust import newcomers, openpgp, pgpcert, sshcert, sshkey, sshsig
from gitwarrant.trust.sshwire import Malformed
from tests.fuzz import seeds
from tests.fuzz.target import Target
from tests.support.chain import NOW


def _commit(raw: bytes) -> object:
    return parse_commit(raw, CommitId(object_id("commit", raw)))


def _tag(raw: bytes) -> object:
    return parse_tag(raw, object_id("tag", raw))


def _key(line: bytes) -> object:
    return sshkey.read_line(line.decode("latin-1"))


def _signature(data: bytes) -> object:
    """As armor, and as the bytes within: few inventions survive the armor's own checks."""
    for armored in (data, seeds.armored(data)):
        try:
            sshsig.examine(armored, seeds.MESSAGE, "git")
        except sshsig.BadSignature:
            continue
    return None


def _newcomers(data: bytes) -> object:
    return newcomers.identities(
        tuple(newcomers.of_allowed_signers(data, "signers", zone=UTC)), IdentityKind.PERSON
    )


def _openpgp(data: bytes) -> object:
    """As armor, and as the packets within, down to the library."""
    certificate = pgpcert.read(seeds.openpgp_certificate().decode())
    for armored in (data, seeds.pgp_armored(data, "SIGNATURE")):
        try:
            openpgp.verify(openpgp.read(armored), seeds.MESSAGE, certificate, at=NOW)
        except sshsig.BadSignature:
            continue
    return None


def _pgpcert(data: bytes) -> object:
    """The packets of a certificate, down to the library."""
    return pgpcert.read(seeds.pgp_armored(data, "PUBLIC KEY BLOCK").decode())


TARGETS: Mapping[str, Target] = {
    "allowed_signers": Target(_newcomers, GitwarrantError, seeds.allowed_signers),
    "commit": Target(_commit, MalformedObject, seeds.commits),
    "openpgp": Target(_openpgp, (), seeds.openpgp_signatures),
    "pgpcert": Target(_pgpcert, pgpcert.BadCertificate, seeds.openpgp_certificates),
    "sshcert": Target(sshcert.read_signer, Malformed, seeds.certificates),
    "sshkey": Target(_key, sshkey.BadKey, seeds.public_keys),
    "sshsig": Target(_signature, (), seeds.ssh_signatures),
    "tag": Target(_tag, MalformedObject, seeds.tags),
}
