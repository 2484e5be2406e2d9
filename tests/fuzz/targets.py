"""All fuzz targets, a line each: its parser, the errors it may raise, inputs to start from."""

from collections.abc import Mapping

from gitwarrant.git.commit import MalformedObject, object_id, parse_commit
from gitwarrant.model.change import CommitId
from gitwarrant.trust import sshcert, sshkey, sshsig
from gitwarrant.trust.sshwire import Malformed
from tests.fuzz import seeds
from tests.fuzz.target import Target


def _commit(raw: bytes) -> object:
    return parse_commit(raw, CommitId(object_id("commit", raw)))


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


TARGETS: Mapping[str, Target] = {
    "commit": Target(_commit, MalformedObject, seeds.commits),
    "sshcert": Target(sshcert.read_signer, Malformed, seeds.certificates),
    "sshkey": Target(_key, sshkey.BadKey, seeds.public_keys),
    "sshsig": Target(_signature, (), seeds.ssh_signatures),
}
