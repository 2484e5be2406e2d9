"""plaintext-secret."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.objects.embedded import is_a
from gitwarrant.objects.fields import mapping
from gitwarrant.objects.secrets import LAST_APPLIED, Values, readable_values, remembered_values
from gitwarrant.policy.subject import Subject, Violation


class PlaintextSecret:
    """A Secret with readable values; base64 hides nothing. Messages name the keys, never the values."""

    id = "plaintext-secret"
    severity = Severity.HIGH
    title = "A secret in Git is known to everyone who can read Git"
    why = (
        "Base64 is a spelling, not encryption. A secret value that was committed is in every clone and in "
        "the history for good, and deleting the line does not take it back. The copy that 'kubectl apply' "
        "leaves in an annotation carries the values as well."
    )
    remedy = (
        "change the secret where it is used, because it is known now; then keep only a reference in Git: "
        "an ExternalSecret or a SealedSecret"
    )
    before = """\
apiVersion: v1
kind: Secret
metadata:
  name: database
stringData:
  password: correct-horse
"""
    after = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: database
spec:
  secretStoreRef:
    kind: SecretStore
    name: vault
  target:
    name: database
  data:
    - secretKey: password
      remoteRef:
        key: database/password
"""
    maps_to: tuple[str, ...] = ("CIS 5.4.2",)

    def applies(self, subject: Subject) -> bool:
        """Secrets, also those wrapped in other objects, and copies of Secrets in annotations."""
        if any(is_a(content, "", "Secret") for _, content in subject.objects):
            return True
        metadata = mapping(subject.manifest.content, "metadata", ())
        return LAST_APPLIED in mapping(metadata, "annotations", ("metadata",))

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per field with values."""
        for pointer, content in subject.objects:
            for values in readable_values(content, pointer):
                yield Violation(values.pointer, f"readable values in a Secret: {_names(values)}")
            for values in remembered_values(content, pointer):
                yield Violation(
                    values.pointer,
                    f"readable values in the copy that 'kubectl apply' left: {_names(values)}",
                    remedy="remove the annotation, and change the secret where it is used: it is known now",
                    fix=Fix("remove the annotation", values.pointer, None, safe=True),
                )


def _names(values: Values) -> str:
    return ", ".join(values.names)
