"""The RSA keys that access tokens are signed with: in the database, the private half encrypted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import func, select

from core.actor import SYSTEM
from core.database.engine import Database
from core.errors import Misconfigured
from core.identity.model import signing_keys
from core.ids import new_uuid
from core.secrets import Keyring

KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
CONTEXT = "signing-key"
FRESH = timedelta(seconds=5)
"""How long keys once read are believed: a retired key is out of use everywhere after this."""

_CREATION_LOCK = 0x7073615F6B657973
"""The key of the advisory lock under which the first signing key is made."""

_IN_USE = select(signing_keys).where(signing_keys.c.retired_at.is_(None)).order_by(signing_keys.c.created_at.desc())


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that is not retired. `kid` names it in the tokens it signed (RFC 7517 section 4.5)."""

    kid: str
    private: RSAPrivateKey

    @property
    def public(self) -> RSAPublicKey:
        return self.private.public_key()


class SigningKeys:
    """The keys in use, newest first; the newest signs. The first is made when it is asked for."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._reading = asyncio.Lock()
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at: datetime | None = None

    async def list_keys(self) -> tuple[SigningKey, ...]:
        """All keys in use, at least one. Raises Misconfigured if they were stored under another PSA_SECRET_KEY."""
        async with self._reading:
            now = self._database.clock.now()
            if self._read_at is None or not timedelta() <= now - self._read_at < FRESH:
                self._keys = await self._read() or await self._create()
                self._read_at = now
            return self._keys

    async def _read(self) -> tuple[SigningKey, ...]:
        known = {key.kid: key for key in self._keys}
        async with self._database.connect() as connection:
            rows = (await connection.execute(_IN_USE)).all()
        return tuple(known.get(row.kid) or self._opened(row.kid, row.private_key_encrypted) for row in rows)

    async def _create(self) -> tuple[SigningKey, ...]:
        """Several processes may start at once on an empty table: one makes the key, the others find it."""
        private = await asyncio.to_thread(generate_private_key, PUBLIC_EXPONENT, KEY_BITS)
        async with self._database.begin(SYSTEM) as work:
            await work.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
            rows = (await work.execute(_IN_USE)).all()
            if rows:
                return tuple(self._opened(row.kid, row.private_key_encrypted) for row in rows)
            kid = str(new_uuid())
            pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
            public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            work.insert(
                signing_keys,
                {
                    "kid": kid,
                    "private_key_encrypted": self._keyring.encrypt(pem, CONTEXT),
                    "public_key_pem": public_pem.decode("ascii"),
                    "created_at": work.now,
                },
            )
            return (SigningKey(kid, private),)

    def _opened(self, kid: str, encrypted: str) -> SigningKey:
        private = load_pem_private_key(self._keyring.decrypt(encrypted, CONTEXT).encode("ascii"), password=None)
        if not isinstance(private, RSAPrivateKey):
            raise Misconfigured(f"The signing key {kid} is not an RSA key.")
        return SigningKey(kid, private)
