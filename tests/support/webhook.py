"""A mutating admission webhook over HTTPS, for one namespace, that changes objects as it is told."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gitwarrant.model.manifest import Json
from tests.support.cluster_workshop import Workshop, manifest

Mutate = Callable[[Mapping[str, Json]], Sequence[Mapping[str, Json]]]
"""From the object to the JSON patch that the webhook answers."""

HERE = "127.0.0.1"
TIMEOUT_SECONDS = 1  # the least that the API server allows


class Denied(Exception):
    """Raised by a `Mutate`: the webhook says no, in these words."""


class Silent(Exception):
    """Raised by a `Mutate`: the webhook does not answer in time."""


@asynccontextmanager
async def webhook(shop: Workshop, folder: Path, plural: str, mutate: Mutate) -> AsyncIterator[None]:
    """While inside, creates and updates of these objects in the workshop's namespace go through `mutate`."""

    async def review(request: web.Request) -> web.Response:
        asked = (await request.json())["request"]
        response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
        try:
            patch = base64.b64encode(json.dumps(mutate(asked["object"])).encode()).decode()
            response |= {"patchType": "JSONPatch", "patch": patch}
        except Denied as denied:
            response |= {"allowed": False, "status": {"message": str(denied)}}
        except Silent:
            await asyncio.sleep(2 * TIMEOUT_SECONDS)
        return web.json_response(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        )

    certificate = _certificate(folder)
    application = web.Application()
    application.router.add_post("/mutate", review)
    runner = web.AppRunner(application)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    site = web.TCPSite(runner, HERE, 0, ssl_context=tls)
    await site.start()
    [(_, port)] = [address[:2] for address in runner.addresses]
    configuration = manifest(_configuration(shop.namespace, plural, port, certificate))
    await shop.send("POST", configuration, configuration.content, collection=True)
    try:
        yield
    finally:
        await shop.send("DELETE", configuration)
        await runner.cleanup()


def _configuration(namespace: str, plural: str, port: int, certificate: Path) -> dict[str, Any]:
    group, _, resource = plural.rpartition("/")
    bundle = certificate.read_bytes()
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "resources": [resource], "scope": "Namespaced"}
    hook = {
        "name": "mutate.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": TIMEOUT_SECONDS,
        "clientConfig": {
            "url": f"https://{HERE}:{port}/mutate",
            "caBundle": base64.b64encode(bundle[bundle.index(b"-----BEGIN CERT") :]).decode(),
        },
        "rules": [{**rule, "operations": ["CREATE", "UPDATE"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"{namespace}-{resource}"},
        "webhooks": [hook],
    }


def _certificate(folder: Path) -> Path:
    """A file with a key and its own certificate for the loopback address."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "webhook.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
