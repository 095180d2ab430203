"""Prometheus metrics of a process. One object, handed to whoever counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """All metrics on a registry of their own, so that several can live in one process (tests do that)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.mails_accepted = Counter(
            "psa_mails_accepted_total",
            "Mails taken in, by channel and outcome",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self.mails_refused = Counter(
            "psa_mails_refused_total",
            "Mails not taken in, by channel and reason",
            ["channel", "reason"],
            registry=self.registry,
        )
        self.mail_accept_seconds = Histogram(
            "psa_mail_accept_seconds",
            "From the mail's last byte to its commit",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.smtp_connections = Gauge("psa_smtp_connections", "Open SMTP and LMTP connections", registry=self.registry)
        self.mailbox_last_success = Gauge(
            "psa_mailbox_last_success_timestamp_seconds", "Last successful fetch", ["mailbox"], registry=self.registry
        )
        self.mailbox_failures = Gauge(
            "psa_mailbox_consecutive_failures", "Fetches failed in a row", ["mailbox"], registry=self.registry
        )
        self.events_published = Counter(
            "psa_events_published_total", "Events confirmed by the broker", ["name"], registry=self.registry
        )
        self.event_deliveries = Counter(
            "psa_event_deliveries_total",
            "Deliveries by consumer and result",
            ["consumer", "result"],
            registry=self.registry,
        )
        self.outbox_age_seconds = Gauge(
            "psa_outbox_oldest_pending_seconds", "Age of the oldest unpublished event", registry=self.registry
        )
        self.outgoing_mails = Counter(
            "psa_outgoing_mails_total", "Outgoing mails by result", ["result"], registry=self.registry
        )
        self.chat_arrivals = Counter(
            "psa_chat_arrivals_total",
            "What arrived from chat, by surface and result",
            ["surface", "result"],
            registry=self.registry,
        )
        self.chat_deliveries = Counter(
            "psa_chat_deliveries_total",
            "Chat deliveries by surface, kind and result",
            ["surface", "kind", "result"],
            registry=self.registry,
        )
        self.chat_delivery_seconds = Histogram(
            "psa_chat_delivery_seconds",
            "From when something was to be shown in chat until the surface had it",
            ["surface"],
            buckets=(*SECONDS, 30.0, 60.0, 300.0),
            registry=self.registry,
        )
        self.chat_queue_age_seconds = Gauge(
            "psa_chat_queue_age_seconds", "How long the oldest chat delivery is overdue", registry=self.registry
        )
        self.http_seconds = Histogram(
            "psa_http_request_seconds",
            "Requests by route, method and status",
            ["route", "method", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
