"""A warrant's payload: an in-toto Statement with the SLSA verification summary.

One warrant has one payload, and a payload is read back only if writing it
again gives the same bytes: what others see in the summary's fields and what
our applier acts on cannot differ.

Source: in-toto attestation v1 (statement); SLSA v1.2, "Verification Summary
Attestation" and, for subject, `sourceRefs`, `resourceUri` and `verifiedLevels`,
"Source: Requirements for producing source". Our own fields stand under one
member, named by a URI as in-toto asks of extensions.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import quote

from gitwarrant.model.canonical import Digest, NotCanonical, decode, dumps, loads, plain, sha256
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import STATEMENT_REFS
from gitwarrant.model.warrant import FIRST_FORM, Warrant
from gitwarrant.model.warrant_forms import lift_warrant, lower_warrant

STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
SLSA_VERSION = "1.2"
VERIFIER = "urn:x-gitwarrant:authority"
EXTENSION = "urn:x-gitwarrant:warrant:v2"
FIRST_EXTENSION = "urn:x-gitwarrant:warrant:v1"
EVIDENCE = "urn:x-gitwarrant:evidence:v1"
OUR_LEVELS = ("GITWARRANT_AUTHORSHIP_PROVEN", "GITWARRANT_CHECKS_PASSED")
SOURCE_LEVEL = "SLSA_SOURCE_LEVEL_1"
"""What is provable from here: content-addressed revisions of one repository, each with a summary. The
higher levels speak of controls inside the Git server, which nobody outside of it can see."""


class BadWarrant(Refused):
    """An envelope that is not a warrant signed by the expected keys."""

    def __init__(self, what: str, remedy: str = "let the authority issue it again") -> None:
        super().__init__(f"not a valid warrant: {what}", stage="apply", remedy=remedy)


def payload(warrant: Warrant) -> bytes:
    """The one payload of a warrant, canonical."""
    written = _first_form(warrant) if warrant.form == FIRST_FORM else _statement(warrant)
    return dumps({"_type": STATEMENT, "predicateType": SUMMARY, **written})


def payload_digest(warrant: Warrant) -> Digest:
    """How the next warrant names this one."""
    return sha256(payload(warrant))


def read_payload(body: bytes) -> Warrant:
    """The warrant that a payload says; whether it makes sense is judged by `trust.warrant`.

    Raises:
        BadWarrant: not the one payload of a warrant.
    """
    try:
        warrant = decode(Warrant, dumps(_own_fields(loads(body))))
        written = payload(warrant)
    except NotCanonical as error:
        raise BadWarrant(error.what) from error
    except KeyError as error:
        raise BadWarrant(f"it names no evidence {error}") from error
    if written != body:
        raise BadWarrant("its summary does not say what its own fields say")
    return warrant


def levels(warrant: Warrant) -> tuple[str, ...]:
    """The words under `verifiedLevels`: SLSA's own level first, then ours."""
    reviewed = (f"GITWARRANT_REVIEWED_BY_{warrant.reviewers}",) if warrant.reviewers else ()
    return (SOURCE_LEVEL, *OUR_LEVELS, *reviewed)


def _own_fields(statement: Any) -> Any:
    predicate = statement.get("predicate") if isinstance(statement, dict) else None
    if isinstance(predicate, dict) and EXTENSION in predicate:
        return predicate[EXTENSION]
    if isinstance(predicate, dict) and FIRST_EXTENSION in predicate:
        return lift_warrant(predicate[FIRST_EXTENSION])
    raise BadWarrant("its payload is not a verification summary of gitwarrant")


def _statement(warrant: Warrant) -> dict[str, Any]:
    policy = dict(warrant.evidence)["policy"]
    revision = {
        "name": f"git:{quote(warrant.repository, safe='/:@')}",
        "uri": f"{warrant.source}@{warrant.commit}",
        "digest": {"gitCommit": warrant.commit},
        "annotations": {"sourceRefs": [warrant.ref]},
    }
    predicate = {
        **_verified(warrant),
        "resourceUri": warrant.source,
        "policy": {"uri": f"{warrant.source}#.gitwarrant", "digest": _digests(policy)},
        "inputAttestations": _attestations(warrant),
        "verifiedLevels": list(levels(warrant)),
        EXTENSION: plain(warrant),
    }
    return {"subject": [revision, _leaves(warrant)], "predicate": predicate}


def _attestations(warrant: Warrant) -> list[dict[str, Any]]:
    """What was judged: our own evidence, and the statements that people signed, where they can be fetched."""
    judged = [(f"{EVIDENCE}:{name}", value) for name, value in warrant.evidence if name != "policy"]
    refs = [value.removeprefix("sha256:") for value in warrant.statements]
    signed = [f"{warrant.source}@{STATEMENT_REFS}{ref}" for ref in refs]
    found = [*judged, *zip(signed, warrant.statements, strict=True)]
    return [{"uri": uri, "digest": _digests(value)} for uri, value in found]


def _first_form(warrant: Warrant) -> dict[str, Any]:
    """As the first version wrote it: without `sourceRefs`, a level of SLSA and the repository's address."""
    evidence: Mapping[str, Digest] = dict(warrant.evidence)
    repository = f"git:{quote(warrant.repository, safe='/:@')}"
    predicate = {
        **_verified(warrant),
        "resourceUri": repository,
        "policy": {"uri": f"{repository}#policy", "digest": _digests(evidence["policy"])},
        "inputAttestations": [
            {"uri": f"{FIRST_EXTENSION}:{name}", "digest": _digests(value)}
            for name, value in warrant.evidence
        ],
        "verifiedLevels": list(OUR_LEVELS),
        FIRST_EXTENSION: lower_warrant(plain(warrant)),
    }
    revision = {"name": repository, "digest": {"gitCommit": warrant.commit}}
    return {"subject": [revision, _leaves(warrant)], "predicate": predicate}


def _verified(warrant: Warrant) -> dict[str, Any]:
    """What both forms say alike: who verified, when, and that it passed."""
    return {
        "verifier": {"id": VERIFIER},
        "timeVerified": warrant.issued.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationResult": "PASSED",
        "slsaVersion": SLSA_VERSION,
    }


def _leaves(warrant: Warrant) -> dict[str, Any]:
    root = _digests(warrant.leaves_root)["sha256"]
    return {"name": "leaves", "digest": {**_digests(warrant.leaves), "rfc6962Sha256": root}}


def _digests(value: Digest) -> dict[str, str]:
    algorithm, _, digits = value.partition(":")
    return {algorithm: digits}
