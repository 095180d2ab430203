"""From raw bytes to what can be decided: parsing, keys, files and HTML of one mail. Pure but for its length."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

import nh3

from core.ids import MailboxId, RawMailId
from core.mail.model import MailChannel
from core.mail.reply_token import ReplyTokens
from ingest.authentication.domains import find_ascii_domain
from ingest.authentication.results import AuthenticationVerdict, DmarcResult
from ingest.deciding.decide import Arrival, SenderProof
from ingest.deciding.threading import evidence_of
from ingest.parsing.html_bounds import is_bounded
from ingest.parsing.mail import ParsedMail
from ingest.parsing.parse import parse_any


@dataclass(frozen=True, slots=True)
class MailboxPlace:
    """Where in a mailbox a mail stood (RFC 9051 section 2.3.1.1)."""

    mailbox_id: MailboxId
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail as it came: its bytes and its way here. `problem`: why it can only be kept, not decided on.

    `replay_of` is the raw mail that it is kept as already; `vouched_by` the person who released that.
    """

    raw: bytes = field(repr=False)
    channel: MailChannel
    received_at: datetime
    envelope_from: str | None = None
    envelope_to: tuple[str, ...] = ()
    client_ip: str | None = None
    helo: str | None = None
    place: MailboxPlace | None = None
    replay_of: RawMailId | None = None
    vouched_by: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedMail:
    """A mail ready to be decided and written. `html` is sanitised.

    `set_aside`: why a file is not to be offered, one entry a file; empty where files are not checked.
    """

    incoming: IncomingMail
    arrival: Arrival
    html: str | None
    set_aside: tuple[str | None, ...] = ()

    @property
    def mail(self) -> ParsedMail:
        return self.arrival.mail


def prepare(incoming: IncomingMail, tokens: ReplyTokens, verdict: AuthenticationVerdict) -> PreparedMail:
    """Parse a mail and work out everything about it that needs no database. Never raises, whatever the bytes."""
    mail = parse_any(incoming.raw)
    proof, proof_detail = proof_of(verdict, mail)
    arrival = Arrival(
        mail=mail,
        evidence=evidence_of(mail, incoming.envelope_to, tokens),
        dedup_key=dedup_key(mail, incoming.raw),
        loop_key=loop_key(mail),
        proof=proof,
        proof_detail=proof_detail,
        received_at=incoming.received_at,
        vouched_by=incoming.vouched_by,
    )
    return PreparedMail(incoming, arrival, find_sanitised(mail.html) if mail.html else None)


def proof_of(verdict: AuthenticationVerdict, mail: ParsedMail) -> tuple[SenderProof, str]:
    """What a verdict proves about the sender that we read in the mail, and why, in one sentence."""
    detail = "; ".join(verdict.explanation) or "nothing is known about the sender"
    domain = find_ascii_domain(mail.sender.address.rpartition("@")[2]) if mail.sender else None
    if verdict.aligned and domain is not None and domain == verdict.from_domain:
        return SenderProof.PROVEN, detail
    if verdict.dmarc is DmarcResult.FAIL and verdict.dmarc_policy != "none":
        return SenderProof.FAILED, detail
    return SenderProof.UNPROVEN, detail


def dedup_key(mail: ParsedMail, raw: bytes) -> str:
    """The natural key of a mail: its Message-ID and author, or the digest of its content where it has none.

    The author is part of it so that nobody can make us drop another's mail by using its Message-ID first.
    """
    if mail.message_id:
        author = mail.sender.address.lower() if mail.sender else ""
        return hashlib.sha256(f"{mail.message_id}\n{author}".encode()).hexdigest()
    return hashlib.sha256(_without_trace(raw)).hexdigest()


_TRACE = re.compile(
    rb"(?:(?:received|return-path|delivered-to|x-original-to):[^\n]*\n(?:[ \t][^\n]*\n)*)+", re.IGNORECASE
)


def _without_trace(raw: bytes) -> bytes:
    """The mail without the trace fields on top (RFC 5321 section 4.4), which differ each time it is delivered."""
    trace = _TRACE.match(raw)
    return raw[trace.end() :] if trace else raw


def loop_key(mail: ParsedMail) -> str:
    """Equal for mails of one sender that say the same: the mark of two machines that answer each other."""
    author = mail.sender.address.lower() if mail.sender else ""
    said = f"{author}\n{mail.subject}\n{mail.body.text}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


_URL_SCHEMES = {"http", "https", "mailto", "tel", "cid"}


def find_sanitised(html: str) -> str | None:
    """HTML without scripts, forms, styles and remote tricks; inline images (cid:) stay.

    None where parsing it could take time or memory out of proportion: then the text of the mail is shown instead, and
    the HTML stays in the raw mail.
    """
    if not is_bounded(html):
        return None
    return nh3.clean(html, url_schemes=_URL_SCHEMES, link_rel="noopener noreferrer nofollow")
