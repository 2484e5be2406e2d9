"""SSH certificates made in process, so that a test can write what no `ssh-keygen -s` would."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gitwarrant.trust.sshwire import UINT32, UINT64, Reader, string
from tests.support.chain import DAY, NOW, SECURITY_KEY, envelope, key_blob, private_key, to_sign

KIND = b"ssh-ed25519-cert-v01@openssh.com"
SK_KIND = b"sk-ssh-ed25519-cert-v01@openssh.com"


@dataclass(frozen=True)
class Issued:
    """What a certificate says; each field can be replaced by what an attacker would write."""

    subject: str = "laptop"
    authority: str = "ca"
    type: int = 1
    key_id: bytes = b"alice's laptop"
    principals: Sequence[bytes] = (b"alice",)
    valid_after: datetime = NOW - timedelta(hours=1)
    valid_before: datetime | int = NOW + DAY
    options: Sequence[tuple[bytes, bytes]] = ()
    extensions: Sequence[tuple[bytes, bytes]] = field(default=((b"permit-pty", b""),))
    reserved: bytes = b""
    authority_blob: bytes = b""
    end: bytes = b""

    @property
    def blob(self) -> bytes:
        """The certificate, signed by its authority."""
        public = Reader(key_blob(self.subject))
        public.string()
        start = public.at
        fields = key_blob(self.subject)[start:]
        before = self.valid_before
        until = before if isinstance(before, int) else int(before.timestamp())
        signed = b"".join(
            (
                string(SK_KIND if "+" in self.subject else KIND),
                string(b"n" * 32),
                fields,
                UINT64.pack(7),
                UINT32.pack(self.type),
                string(self.key_id),
                string(b"".join(map(string, self.principals))),
                UINT64.pack(int(self.valid_after.timestamp())),
                UINT64.pack(until),
                string(b"".join(string(name) + string(data) for name, data in self.options)),
                string(b"".join(string(name) + string(data) for name, data in self.extensions)),
                string(self.reserved),
                string(self.authority_blob or key_blob(self.authority)),
            )
        )
        signature = private_key(self.authority).sign(signed)
        return signed + string(string(b"ssh-ed25519") + string(signature)) + self.end

    @property
    def line(self) -> str:
        """As it stands in a `-cert.pub` file."""
        kind = SK_KIND if "+" in self.subject else KIND
        return f"{kind.decode()} {base64.b64encode(self.blob).decode()}"

    def sign(self, message: bytes, namespace: str = "git", *, flags: int = 0x01) -> bytes:
        """Sign with the certified key, as `ssh-keygen -Y sign -f key-cert.pub` does."""
        if "+" not in self.subject:
            raw = private_key(self.subject).sign(to_sign(message, namespace))
            return envelope(self.blob, namespace, string(b"ssh-ed25519") + string(raw))
        device = self.subject.partition("+")[0] + "+"
        end = bytes([flags]) + UINT32.pack(7)
        hashed = hashlib.sha256(to_sign(message, namespace)).digest()
        raw = private_key(device).sign(hashlib.sha256(b"ssh:").digest() + end + hashed)
        return envelope(self.blob, namespace, string(SECURITY_KEY) + string(raw) + end)
