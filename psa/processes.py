"""Which components each kind of process runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

from core.messaging.bus import EventBus
from core.messaging.consumer import Subscription
from core.messaging.relay import OutboxRelay
from core.messaging.worker import ConsumerWorker
from core.runtime.component import Component
from ingest.imap.pollers import MailboxPollers
from ingest.smtp.acceptance import MailChannel
from ingest.smtp.listener import SmtpListener
from ingest.smtp.recipients import AcceptedRecipients
from ingest.smtp.settings import SmtpSettings
from psa.wiring import Parts, mail_receiver


def ingest_components(parts: Parts) -> list[Component]:
    """SMTP, LMTP where a port is set, and the mailbox pollers."""
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
    return [*listeners, MailboxPollers(parts.database, parts.mailboxes, receiver, parts.metrics)]


def relay_component(parts: Parts, bus: EventBus) -> Component:
    return OutboxRelay(parts.database, bus, parts.metrics, retention_days=parts.settings.outbox_retention_days)


def consumer_components(parts: Parts, bus: EventBus, subscriptions: Sequence[Subscription]) -> list[Component]:
    return [ConsumerWorker(parts.database, bus, subscription, parts.metrics) for subscription in subscriptions]
