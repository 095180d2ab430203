"""Where the ways in meet: authenticate, prepare, take in. Each way in keeps its own protocol's promises."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.clock import Clock
from core.mail.model import MailChannel
from core.mail.reply_token import ReplyTokens
from core.runtime.metrics import Metrics
from ingest.arrival import IncomingMail, MailboxPlace, PreparedMail, prepare
from ingest.authentication.authserv import read_authentication_results
from ingest.authentication.domains import PublicSuffixes, find_ascii_domain
from ingest.authentication.resolver import Resolver
from ingest.authentication.results import AuthenticationVerdict, VerdictSource
from ingest.authentication.sender import authenticate
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.spf_check import SmtpConnection
from ingest.deciding.decision import Decision
from ingest.imap.fetched import FetchedMail
from ingest.intake import Intake
from ingest.parsing.parse import parse_any
from ingest.recording import Recorded
from ingest.scanning import ClamAv
from ingest.smtp.acceptance import Accepted, Envelope

LARGE_BYTES = 256 * 1024
"""Larger mails are parsed in a worker thread, so that they do not hold up the others."""

_SIGNATURES = (b"dkim-signature", b"arc-seal")

NOT_CHECKED = AuthenticationVerdict(
    source=VerdictSource.NONE, from_domain=None, explanation=("the sender could not be checked on this way in",)
)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """How mails that come by SMTP are authenticated; `settings` None: not at all."""

    resolver: Resolver
    suffixes: PublicSuffixes
    settings: AuthenticationSettings | None


class MailReceiver:
    """Takes mails from SMTP and LMTP, from IMAP, from pipes and files, and hands them to the intake."""

    def __init__(
        self,
        intake: Intake,
        tokens: ReplyTokens,
        authenticator: Authenticator,
        clock: Clock,
        metrics: Metrics,
        scanner: ClamAv | None = None,
    ) -> None:
        self._intake = intake
        self._tokens = tokens
        self._authenticator = authenticator
        self._clock = clock
        self._metrics = metrics
        self._scanner = scanner

    async def accept(self, raw: bytes, envelope: Envelope) -> Accepted:
        """A mail from the SMTP or LMTP listener (`ingest.smtp.acceptance.MailAcceptor`)."""
        incoming = IncomingMail(
            raw=raw,
            channel=MailChannel(envelope.channel.value),
            received_at=envelope.received_at,
            envelope_from=envelope.sender,
            envelope_to=envelope.recipients,
            client_ip=envelope.client_ip,
            helo=envelope.helo,
        )
        verdict = await self._authenticate(incoming, raw[envelope.trace_bytes :])
        return Accepted((await self.receive(incoming, verdict)).reference)

    async def accept_fetched(self, mails: Sequence[FetchedMail]) -> None:
        """Mails from a mailbox (`ingest.imap.fetched.FetchedMailAcceptor`)."""
        prepared = []
        for mail in mails:
            incoming = IncomingMail(
                raw=mail.raw,
                channel=MailChannel.IMAP,
                received_at=self._clock.now(),
                place=MailboxPlace(mail.mailbox_id, mail.folder, mail.uidvalidity, mail.uid),
                problem=f"The mailbox could not hand it over: {mail.problem}." if mail.problem else None,
            )
            prepared.append(await self._prepare(incoming, self._believed(mail)))
        for recorded in await self._intake.take_in_together(prepared):
            self._count(MailChannel.IMAP, recorded)

    async def receive(self, incoming: IncomingMail, verdict: AuthenticationVerdict = NOT_CHECKED) -> Recorded:
        """One mail, whatever way it came; committed when this returns. Raises Unavailable."""
        recorded = await self._intake.take_in(await self._prepare(incoming, verdict))
        self._count(incoming.channel, recorded)
        return recorded

    async def explain(self, incoming: IncomingMail) -> tuple[PreparedMail, Decision]:
        """What would become of a mail now; without any effect."""
        prepared = await self._prepare(incoming, NOT_CHECKED)
        return prepared, await self._intake.explain(prepared)

    async def _prepare(self, incoming: IncomingMail, verdict: AuthenticationVerdict) -> PreparedMail:
        if len(incoming.raw) > LARGE_BYTES:
            prepared = await asyncio.to_thread(prepare, incoming, self._tokens, verdict)
        else:
            prepared = prepare(incoming, self._tokens, verdict)
        if self._scanner is None or not prepared.mail.attachments:
            return prepared
        files = [file.payload for file in prepared.mail.attachments]
        return replace(prepared, set_aside=await self._scanner.find_reasons(files))

    async def _authenticate(self, incoming: IncomingMail, signed: bytes) -> AuthenticationVerdict:
        settings = self._authenticator.settings
        if settings is None or incoming.client_ip is None:
            return NOT_CHECKED
        if settings.is_trusted_relay(incoming.client_ip) and not _is_signed(signed):
            return NOT_CHECKED  # nothing in the mail could prove its sender, so the DNS need not be asked
        connection = SmtpConnection(incoming.client_ip, incoming.helo or "", incoming.envelope_from or "")
        return await authenticate(
            signed, connection, self._authenticator.resolver, self._authenticator.suffixes, settings
        )

    def _believed(self, mail: FetchedMail) -> AuthenticationVerdict:
        if mail.authserv_id is None:
            return NOT_CHECKED
        parsed = parse_any(mail.raw)
        domain = find_ascii_domain(parsed.sender.address.rpartition("@")[2]) if parsed.sender else None
        fields = parsed.header_all("authentication-results")
        return read_authentication_results(fields, mail.authserv_id, domain, self._authenticator.suffixes)

    def _count(self, channel: MailChannel, recorded: Recorded) -> None:
        self._metrics.mails_accepted.labels(channel.value, recorded.outcome.value).inc()


def _is_signed(raw: bytes) -> bool:
    ends = [end for end in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if end >= 0]
    header = raw[: min(ends, default=len(raw))].lower()
    return any(b"\n" + name in header or header.startswith(name) for name in _SIGNATURES)
