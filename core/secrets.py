"""The product's one secret key, and what is done with it: encrypt stored secrets, derive keys for other purposes."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from secrets import token_bytes
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Misconfigured
from core.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = "v1"
KEY_FILE = "secret.key"


class Keyring:
    """Encrypts with AES-256-GCM (NIST SP 800-38D) and derives keys with HKDF-SHA256 (RFC 5869) from one master key."""

    def __init__(self, master_key: bytes) -> None:
        """`master_key` is 32 random bytes; raises Misconfigured if it is of another length."""
        if len(master_key) != KEY_BYTES:
            raise Misconfigured(f"The secret key must be {KEY_BYTES} bytes, this one has {len(master_key)}.")
        self._master_key = master_key
        self._cipher = AESGCM(self.derive("encryption of stored secrets"))
        self._key_id = self.derive("key id").hex()[:8]

    def encrypt(self, text: str, context: str) -> str:
        """`v1:<key id>:<base64 of nonce, ciphertext and tag>`; only the same `context` decrypts it again."""
        nonce = token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), context.encode())
        return f"{FORMAT}:{self._key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, encrypted: str, context: str) -> str:
        """The text that `encrypt` was given with this context.

        Raises Misconfigured if it was encrypted with another key, for another context, or was changed since.
        """
        version, _, rest = encrypted.partition(":")
        key_id, _, payload = rest.partition(":")
        if version != FORMAT or key_id != self._key_id:
            raise Misconfigured(f"A stored secret ({context}) was encrypted with another key than PSA_SECRET_KEY.")
        try:
            sealed = base64.b64decode(payload, validate=True)
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Misconfigured(f"A stored secret ({context}) is damaged or belongs elsewhere.") from error

    def derive(self, purpose: str) -> bytes:
        """32 bytes that are always the same for this key and purpose, and tell nothing about those of another."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"psa:" + purpose.encode()).derive(self._master_key)


def load_keyring(settings: Settings) -> Keyring:
    """The keyring of PSA_SECRET_KEY, or of the file in the data directory, which is made on first use (mode 0600).

    Raises Misconfigured if the key is no base64 of 32 bytes, or the file cannot be read or made.
    """
    if settings.secret_key is not None:
        return Keyring(_decoded(settings.secret_key.get_secret_value(), "PSA_SECRET_KEY"))
    path = settings.data_dir / KEY_FILE
    try:
        if not path.exists():
            _create_key_file(path)
        return Keyring(_decoded(path.read_text(encoding="ascii"), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"The secret key file {path} cannot be used: {error}.") from error


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise Misconfigured(f"{where} must be the base64 of {KEY_BYTES} bytes.") from error


def _create_key_file(path: Path) -> None:
    """Several processes may start at once: each writes a file of its own, the first to link it to `path` wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY_FILE}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
