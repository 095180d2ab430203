"""The words that cards share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.views.card import Tone
from bot.wording import Words
from core.mail.model import ReceiptOutcome
from core.tickets.rules import MessageKind, TicketPriority, TicketSource, TicketStatus

STATUSES: Final[Mapping[TicketStatus, Words]] = {
    TicketStatus.NEW: Words(de="Neu", en="New"),
    TicketStatus.ASSIGNED: Words(de="Zugewiesen", en="Assigned"),
    TicketStatus.IN_PROGRESS: Words(de="In Arbeit", en="In progress"),
    TicketStatus.WAITING_CUSTOMER: Words(de="Wartet auf Kunden", en="Waiting for customer"),
    TicketStatus.RESOLVED: Words(de="Gelöst", en="Resolved"),
    TicketStatus.CLOSED: Words(de="Geschlossen", en="Closed"),
}

STATUS_TONES: Final[Mapping[TicketStatus, Tone]] = {
    TicketStatus.WAITING_CUSTOMER: Tone.WARNING,
    TicketStatus.RESOLVED: Tone.GOOD,
    TicketStatus.CLOSED: Tone.GOOD,
}

PRIORITIES: Final[Mapping[TicketPriority, Words]] = {
    TicketPriority.LOW: Words(de="Niedrig", en="Low"),
    TicketPriority.MEDIUM: Words(de="Mittel", en="Medium"),
    TicketPriority.HIGH: Words(de="Hoch", en="High"),
    TicketPriority.CRITICAL: Words(de="Kritisch", en="Critical"),
}

PRIORITY_TONES: Final[Mapping[TicketPriority, Tone]] = {
    TicketPriority.HIGH: Tone.WARNING,
    TicketPriority.CRITICAL: Tone.DANGER,
}

SOURCES: Final[Mapping[TicketSource, Words]] = {
    TicketSource.EMAIL: Words(de="per Mail", en="by mail"),
    TicketSource.PORTAL: Words(de="im Portal", en="in the portal"),
    TicketSource.PHONE: Words(de="am Telefon", en="by phone"),
    TicketSource.RMM_ALERT: Words(de="von der Überwachung", en="from monitoring"),
    TicketSource.API: Words(de="über die API", en="through the API"),
    TicketSource.TEAMS: Words(de="in Teams", en="in Teams"),
    TicketSource.SLACK: Words(de="in Slack", en="in Slack"),
    TicketSource.CONSOLE: Words(de="in der Konsole", en="in the console"),
}

MESSAGE_KINDS: Final[Mapping[MessageKind, Words]] = {
    MessageKind.PUBLIC: Words(de="Nachricht", en="Message"),
    MessageKind.NOTE: Words(de="Interne Notiz", en="Internal note"),
    MessageKind.SYSTEM: Words(de="Hinweis", en="Notice"),
}

OUTCOMES: Final[Mapping[ReceiptOutcome, Words]] = {
    ReceiptOutcome.TICKET_OPENED: Words(de="Ticket eröffnet", en="Opened a ticket"),
    ReceiptOutcome.REPLY_ADDED: Words(de="Als Antwort aufgenommen", en="Added as a reply"),
    ReceiptOutcome.DUPLICATE: Words(de="Doppelt, nicht noch einmal aufgenommen", en="A duplicate, not taken in again"),
    ReceiptOutcome.BOUNCE_RECORDED: Words(de="Zustellbericht vermerkt", en="Recorded a delivery report"),
    ReceiptOutcome.AUTOMATIC_FILED: Words(de="Automatische Mail, abgelegt", en="An automatic mail, filed"),
    ReceiptOutcome.PARKED: Words(de="Angehalten: Mailschleife", en="Parked: a mail loop"),
    ReceiptOutcome.QUARANTINED: Words(de="In Quarantäne", en="In quarantine"),
    ReceiptOutcome.REJECTED: Words(de="Abgelehnt", en="Rejected"),
    ReceiptOutcome.FAILED: Words(de="Fehlgeschlagen", en="Failed"),
}

NO_SUBJECT: Final = Words(de="(kein Betreff)", en="(no subject)")
UNKNOWN: Final = Words(de="unbekannt", en="unknown")
BACK: Final = Words(de="‹ Zurück", en="‹ Back")
NEXT: Final = Words(de="Weiter ›", en="Next ›")
TICKET: Final = Words(de="Ticket", en="Ticket")
CUSTOMER: Final = Words(de="Kunde", en="Customer")
TIER: Final = Words(de="Stufe", en="Tier")
STATUS: Final = Words(de="Status", en="Status")
PRIORITY: Final = Words(de="Priorität", en="Priority")
ASSIGNEE: Final = Words(de="Zuständig", en="Assignee")
REQUESTER: Final = Words(de="Gemeldet von", en="Requested by")
OPENED: Final = Words(de="Eröffnet", en="Opened")
AGE: Final = Words(de="Alter", en="Age")
TAGS: Final = Words(de="Schlagworte", en="Tags")
NOBODY: Final = Words(de="niemand", en="nobody")
SHOW: Final = Words(de="Zeigen", en="Show")
REFRESH: Final = Words(de="Aktualisieren", en="Refresh")
IN_CONSOLE: Final = Words(de="In der Konsole öffnen", en="Open in the console")
AS_OF: Final = Words(de="Stand {moment}", en="As of {moment}")
