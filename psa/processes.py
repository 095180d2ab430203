"""Which components each kind of process runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from ipaddress import ip_network

from aiohttp import web

from core.actor import SYSTEM, Actor
from core.audit.http import routes as audit_routes
from core.audit.partitions import ensure_audit_partitions
from core.audit.queries import AuditLog
from core.blobs.orphans import collect_orphans
from core.chat.arrivals import ChatArrivals
from core.chat.conversations import Conversations
from core.chat.deliveries import purge_deliveries
from core.chat.http import routes as chat_routes
from core.customers.http import routes as customer_routes
from core.customers.service import Customers
from core.errors import Unavailable
from core.http.application import build_application
from core.http.calling import HowCalled
from core.http.health import ReadinessCheck
from core.http.route import Route
from core.http.server import HttpServer
from core.identity.http import routes as identity_routes
from core.mail.http import routes as mail_routes
from core.mail.quarantine import Quarantine
from core.mail.quarantine_http import quarantine_routes
from core.mail.queries import MailRecords
from core.messaging.bus import EventBus
from core.messaging.consumer import Subscription
from core.messaging.relay import OutboxRelay
from core.messaging.worker import ConsumerWorker
from core.runtime.component import Component
from core.runtime.periodic import Periodic
from core.tickets.http import routes as ticket_routes
from core.tickets.service import Tickets
from ingest.imap.pollers import MailboxPollers
from ingest.releasing import release_subscription
from ingest.smtp.acceptance import MailChannel
from ingest.smtp.listener import SmtpListener
from ingest.smtp.recipients import AcceptedRecipients
from ingest.smtp.settings import SmtpSettings
from notifier.chat.fan_out import ChatOut
from notifier.mail.mail_out import MailOut
from notifier.mail.opening import open_transport
from notifier.mail.sender import OutgoingSender
from notifier.subscriptions import chat_subscriptions, mail_subscriptions
from psa.chat import Chat
from psa.wiring import Parts, mail_receiver


def ingest_components(parts: Parts) -> tuple[list[SmtpListener], Component]:
    """The listeners for SMTP and, where a port is set, LMTP; and the mailbox pollers."""
    settings = parts.settings
    receiver = mail_receiver(parts)
    recipients = AcceptedRecipients(settings.smtp_recipients or (f"@{settings.desk_domain}",))
    smtp = SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        hostname=settings.smtp_hostname,
        tls_certificate=settings.smtp_tls_cert,
        tls_key=settings.smtp_tls_key,
        require_tls=settings.smtp_require_tls,
        max_message_bytes=settings.smtp_max_message_bytes,
        max_recipients=settings.smtp_max_recipients,
        max_connections=settings.smtp_max_connections,
        max_connections_per_client=settings.smtp_max_connections_per_client,
        unlimited_networks=tuple(ip_network(network) for network in settings.trusted_networks),
        proxy_networks=tuple(ip_network(network) for network in settings.proxy_protocol_networks),
    )
    listeners = [SmtpListener(smtp, receiver, recipients, parts.clock, parts.metrics)]
    if settings.lmtp_port is not None:
        lmtp = replace(smtp, port=settings.lmtp_port, channel=MailChannel.LMTP)
        listeners.append(SmtpListener(lmtp, receiver, recipients, parts.clock, parts.metrics))
    return listeners, MailboxPollers(parts.database, parts.mailboxes, receiver, parts.metrics)


def relay_component(parts: Parts, bus: EventBus) -> Component:
    return OutboxRelay(parts.database, bus, parts.metrics, retention_days=parts.settings.outbox_retention_days)


def consumer_components(parts: Parts, bus: EventBus, subscriptions: Sequence[Subscription]) -> list[Component]:
    return [ConsumerWorker(parts.database, bus, subscription, parts.metrics) for subscription in subscriptions]


def subscriptions(parts: Parts) -> tuple[Subscription, ...]:
    """All consumers there are. Every process that opens the bus needs the whole table: it says which queues exist."""
    settings = parts.settings
    mails = MailOut(
        tokens=parts.tokens,
        desk_address=settings.desk_address,
        desk_name=settings.desk_name,
        desk_language=settings.desk_language,
        blobs=parts.blobs,
    )
    return (
        *mail_subscriptions(mails),
        *chat_subscriptions(ChatOut(settings.public_url, timedelta(seconds=settings.chat_redraw_delay_seconds))),
        release_subscription(parts.database, parts.blobs, mail_receiver(parts)),
    )


def sender_component(parts: Parts) -> Component:
    return OutgoingSender(parts.database, open_transport(parts.settings), parts.metrics)


def http_component(parts: Parts, listeners: Sequence[SmtpListener] = (), *, api: bool = True) -> Component:
    """The HTTP port: health and metrics in every process, the API where `api`. Ready when the listeners are, too."""
    return HttpServer(http_application(parts, listeners, api=api), parts.settings.http_host, parts.settings.http_port)


def chat_components(parts: Parts, chat: Chat, listeners: Sequence[SmtpListener] = ()) -> list[Component]:
    """The HTTP port with the API and all that people chat through, and what runs beside it."""
    application = http_application(parts, listeners)
    components = chat.serve(application)
    return [HttpServer(application, parts.settings.http_host, parts.settings.http_port), *components]


def http_application(parts: Parts, listeners: Sequence[SmtpListener] = (), *, api: bool = True) -> web.Application:
    """What the HTTP port serves, without chat."""
    settings = parts.settings
    tokens = parts.access_tokens

    async def authenticate(token: str, called: HowCalled) -> Actor:
        return await tokens.verify(token)

    return build_application(
        routes(parts) if api else (),
        authenticate=authenticate,
        readiness=(
            ReadinessCheck("database", parts.database.ping),
            *(ReadinessCheck(listener.name, partial(_check_listener, listener)) for listener in listeners),
        ),
        metrics=parts.metrics,
        clock=parts.clock,
        max_body_bytes=settings.http_max_body_bytes,
        version=version("psa-platform"),
    )


async def _check_listener(listener: SmtpListener) -> None:
    if not listener.is_listening:
        raise Unavailable(f"The {listener.name} does not listen.")


def routes(parts: Parts) -> tuple[Route, ...]:
    """Every route of the API."""
    return (
        *identity_routes(parts.users, parts.access_tokens, parts.clock),
        *ticket_routes(Tickets(parts.database), parts.database, parts.blobs),
        *customer_routes(Customers(parts.database), parts.clock),
        *mail_routes(MailRecords(parts.database, parts.blobs), parts.mailboxes, parts.clock),
        *quarantine_routes(Quarantine(parts.database), parts.clock),
        *chat_routes(Conversations(parts.database), parts.database),
        *audit_routes(AuditLog(parts.database), parts.clock),
    )


def jobs(parts: Parts) -> list[Component]:
    """What a core process does from time to time."""
    settings = parts.settings

    async def make_partitions() -> None:
        async with parts.database.begin(SYSTEM) as work:
            await ensure_audit_partitions(work, retention_months=settings.audit_retention_months)

    async def report_mailboxes() -> None:
        await parts.mailboxes.report_failing(failing=timedelta(minutes=5), silent=timedelta(minutes=15))

    async def collect() -> None:
        await collect_orphans(parts.database, parts.blobs)

    async def forget_chat() -> None:
        await ChatArrivals(parts.database).purge()
        async with parts.database.begin(SYSTEM) as work:
            await purge_deliveries(work)

    return [
        Periodic("audit partitions", 24 * 3600, make_partitions),
        Periodic("mailbox watch", 60, report_mailboxes),
        Periodic("orphaned blobs", 3600, collect),
        Periodic("chat retention", 24 * 3600, forget_chat),
    ]
