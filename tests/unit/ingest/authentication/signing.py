"""Keys, DNS records and signed mails of the invented domains that the tests speak about."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ingest.authentication.resolver import RecordType, StaticResolver, TemporaryLookupError
from ingest.authentication.spf_check import SmtpConnection

CLIENT = SmtpConnection("192.0.2.10", "mx.customer.example", "anna@customer.example")

MAIL = (
    b"From: Anna <anna@customer.example>\r\n"
    b"To: help@msp.example\r\n"
    b"Subject: The printer is on fire\r\n"
    b"Message-ID: <1@customer.example>\r\n"
    b"\r\n"
    b"Please   send a fire engine. \r\n"
    b"\r\n"
)

Records = dict[tuple[str, RecordType], list[str] | TemporaryLookupError]


@dataclass(frozen=True)
class SigningKey:
    """An RSA key as dkimpy wants it, and the TXT record that publishes it."""

    pem: bytes
    record: str

    @classmethod
    def generate(cls, bits: int = 2048) -> SigningKey:
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return cls(pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")

    def published(self, domain: str, selector: str = "s1") -> Records:
        return {(f"{selector}._domainkey.{domain}", RecordType.TXT): [self.record]}

    def sign(self, mail: bytes, domain: str, *, selector: str = "s1", **options: object) -> bytes:
        """The mail with a DKIM-Signature on top; `options` are those of `dkim.sign`."""
        field: bytes = dkim.sign(mail, selector.encode(), domain.encode(), self.pem, **options)
        return field + mail

    def seal(self, mail: bytes, domain: str, results: str, *, selector: str = "s1") -> bytes:
        """The mail as a forwarder passes it on: with its results and one more ARC set."""
        seen = f"Authentication-Results: {domain}; {results}\r\n".encode() + mail
        fields: list[bytes] = dkim.arc_sign(seen, selector.encode(), domain.encode(), self.pem, domain.encode())
        return b"".join(fields) + seen


def spf(domain: str, record: str) -> Records:
    return {(domain, RecordType.TXT): [f"v=spf1 {record}"]}


def dmarc(domain: str, record: str) -> Records:
    return {(f"_dmarc.{domain}", RecordType.TXT): [f"v=DMARC1; {record}"]}


def dns(*tables: Records) -> StaticResolver:
    merged: Records = {}
    for table in tables:
        merged.update(table)
    return StaticResolver(merged)
