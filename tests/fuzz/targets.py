"""All fuzz targets, a line each: its parser, the errors it may raise, inputs to start from."""

from collections.abc import Callable, Mapping
from datetime import UTC

from gitwarrant.config.repository import load
from gitwarrant.git.ancestry import read_links
from gitwarrant.git.commit import MalformedObject, object_id, parse_commit
from gitwarrant.git.names import readable
from gitwarrant.git.objects import parse_tree
from gitwarrant.git.remote import Remote
from gitwarrant.git.tag import parse_tag
from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import IdentityKind
from gitwarrant.model.owners import Forge
from gitwarrant.trust import newcomers, opened, openpgp, pgpcert, sshcert, sshkey, sshsig
from gitwarrant.trust.codeowners.registry import read_codeowners
from gitwarrant.trust.dsse import from_json
from gitwarrant.trust.sshwire import Malformed
from gitwarrant.yaml.reader import read
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


def _tree(raw: bytes) -> object:
    """Of both hashes: the length of the id tells which."""
    return [attempt(parse_tree, raw, TreeId("0" * length)) for length in (40, 64)]


def attempt(parse: Callable[..., object], *arguments: object) -> object:
    """Feed one of several parsers of the same bytes; a refusal is an answer."""
    try:
        return parse(*arguments)
    except GitwarrantError as error:
        return error


def _owners(data: bytes) -> object:
    return [attempt(read_codeowners, data, "CODEOWNERS", dialect) for dialect in Forge]


def _rules(data: bytes) -> object:
    files = {f".gitwarrant/{name}.yaml": data for name in ("trust", "identities", "rules", "environments")}
    return load(files, sets={}, checks=frozenset())


TARGETS: Mapping[str, Target] = {
    "allowed_signers": Target(_newcomers, GitwarrantError, seeds.allowed_signers),
    "codeowners": Target(_owners, (), seeds.codeowners),
    "commit": Target(_commit, MalformedObject, seeds.commits),
    "envelope": Target(from_json, GitwarrantError, seeds.envelopes),
    "heartbeat": Target(opened.read_heartbeat, GitwarrantError, seeds.heartbeats),
    "links": Target(read_links, GitwarrantError, seeds.commits),
    "names": Target(readable, GitwarrantError, seeds.names),
    "openpgp": Target(_openpgp, (), seeds.openpgp_signatures),
    "pgpcert": Target(_pgpcert, pgpcert.BadCertificate, seeds.openpgp_certificates),
    "remote": Target(lambda data: Remote(data.decode("latin-1")), GitwarrantError, seeds.addresses),
    "rules": Target(_rules, GitwarrantError, seeds.rules),
    "sshcert": Target(sshcert.read_signer, Malformed, seeds.certificates),
    "sshkey": Target(_key, sshkey.BadKey, seeds.public_keys),
    "sshsig": Target(_signature, (), seeds.ssh_signatures),
    "statement": Target(opened.read, GitwarrantError, seeds.statements),
    "tag": Target(_tag, MalformedObject, seeds.tags),
    "tree": Target(_tree, (), seeds.trees),
    "yaml": Target(lambda data: read(data, "web.yaml"), GitwarrantError, seeds.yaml),
}
