"""From a proven signature to the identity that made it, and why it may not count.

Shared by commits, tags and statements, so that no way in forgets a check:

1. A plain key belongs to the identity that lists it.
2. A certificate belongs to the identity that lists its authority and that its
   principals name, by name or address. If the key in it is listed as well, it is
   judged by that entry too: a revoked key does not come back by a certificate.
   Of an authority that nobody here lists, the certificate adds nothing to the key.
3. The entry, and the certificate, are fit at the moment and for the purpose.
4. The signature proves the device that entry and certificate ask for.
"""

from dataclasses import replace
from datetime import datetime

from gitwarrant.model.identity import Hardware, Purpose
from gitwarrant.trust.identities import Owner, Registry, unproven_hardware
from gitwarrant.trust.proven import Proven
from gitwarrant.trust.sshcert import read_signer_line


def owner_of(proven: Proven, registry: Registry) -> Owner | None:
    """Who made a signature, whether or not it may count; None: nobody here (1, 2)."""
    if proven.certificate:
        vouched = registry.vouched(proven.certificate)
        if vouched:
            return vouched[0]
    return registry.owner(proven.key.line)


def owner_of_line(line: str, registry: Registry) -> Owner | None:
    """The same before anything is signed, from a key's or certificate's line.

    Raises:
        BadKey: the line is neither, or not accepted.
    """
    key, certificate = read_signer_line(line)
    return owner_of(Proven(key, certificate=certificate), registry)


def doubt(
    proven: Proven, owner: Owner, registry: Registry, *, at: datetime, purpose: Purpose
) -> tuple[str, str]:
    """Why the owner's signature may not count; two empty texts when it may (2 to 4).

    Returns:
        What is wrong and how: `("key", "expired 2026-06-01 12:00")`.
    """
    certificate = proven.certificate if owner.key.authority else None
    if certificate is None:
        problem = _unfit(proven, owner, registry, at, purpose)
        return ("key", problem) if problem else _device(proven, owner.key.hardware)
    others = [one.identity.name for one in registry.vouched(certificate)[1:]]
    if others:
        return "certificate", f"also names {others[0]!r}: nobody could tell who signed"
    if problem := registry.unfit(owner, certificate.authority.fingerprint, at, purpose):
        return "authority", problem
    if problem := certificate.unfit(at):
        return "certificate", problem
    if problem := registry.revoked(proven.key.fingerprint, at):
        return "key", problem
    listed = registry.owner(proven.key.line)
    if listed and listed.identity.name != owner.identity.name:
        return "certificate", f"is for a key of {listed.identity.name!r}"
    if listed:
        what, problem = doubt(replace(proven, certificate=None), listed, registry, at=at, purpose=purpose)
        if what:
            return what, problem
    return _device(proven, Hardware.PIN if certificate.verify_required else owner.key.hardware)


def _unfit(proven: Proven, owner: Owner, registry: Registry, at: datetime, purpose: Purpose) -> str:
    """Of an OpenPGP key its certificate counts too, which `line` names, beside the signing key itself."""
    problem = registry.unfit(owner, proven.key.fingerprint, at, purpose)
    return problem or registry.revoked(proven.key.line, at)


def _device(proven: Proven, needed: Hardware) -> tuple[str, str]:
    if needed is Hardware.NONE:
        return "", ""
    problem = unproven_hardware(proven.hardware, needed)
    return ("signature", problem) if problem else ("", "")
