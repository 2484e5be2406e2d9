"""The sandbox's own certificate authority, and the certificates it issues.

P-256 throughout. Who holds a client certificate is who it names: the API server takes the user from the
common name and the groups from the organisations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=365)  # every `up` issues them anew
CLOCK_SLACK = timedelta(minutes=5)  # a clock set back must not make a fresh certificate invalid


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def new_key() -> bytes:
    """A private key as PEM."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def new_authority(name: str, *, now: datetime) -> Credential:
    """A self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _credential(builder.sign(key, hashes.SHA256()), key)


def issue_client(authority: Credential, user: str, groups: Sequence[str], *, now: datetime) -> Credential:
    """A certificate that lets its holder act as `user` in `groups`.

    Raises:
        ValueError: the user is empty or a name is longer than a certificate can carry (64 characters).
    """
    if not user:
        raise ValueError("a client certificate needs a user")
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    return _issue(authority, subject, ExtendedKeyUsageOID.CLIENT_AUTH, (), now)


def issue_server(
    authority: Credential, names: Sequence[str], addresses: Sequence[IPv4Address], *, now: datetime
) -> Credential:
    """A certificate for a server reached under any of these names and addresses."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = (*map(x509.DNSName, names), *map(x509.IPAddress, addresses))
    return _issue(authority, subject, ExtendedKeyUsageOID.SERVER_AUTH, alternatives, now)


def _issue(
    authority: Credential,
    subject: x509.Name,
    usage: x509.ObjectIdentifier,
    alternatives: Sequence[x509.GeneralName],
    now: datetime,
) -> Credential:
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the authority's key must be an elliptic curve key, got {type(issuer_key).__name__}")
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        _builder(subject, issuer.subject, key.public_key(), now, CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return _credential(builder.sign(issuer_key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + life)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _credential(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    return Credential(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # SEC 1, not PKCS #8: kube-apiserver derives the token key's public half only from this form.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
