"""Opens the way out for mails that the settings name."""

from __future__ import annotations

from core.settings import Settings
from notifier.mail.maildir import MaildirTransport
from notifier.mail.smarthost import SmarthostTransport, smarthost_from
from notifier.mail.transport import MailTransport


def open_transport(settings: Settings) -> MailTransport:
    """The server of PSA_SMARTHOST_URL, or the Maildir `outbox` in the data directory. Raises Misconfigured."""
    if settings.smarthost_url is None:
        return MaildirTransport(settings.data_dir.resolve() / "outbox")
    return SmarthostTransport(smarthost_from(settings.smarthost_url.get_secret_value()), settings.smtp_hostname)
