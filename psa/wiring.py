"""Opens the parts that the settings ask for: embedded or real, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network

from core.blobs.opening import open_blob_store
from core.blobs.store import BlobStore
from core.chat.accounts import ChatAccounts
from core.clock import Clock, SystemClock
from core.database.embedded import embedded_postgres
from core.database.engine import Database
from core.errors import Misconfigured
from core.identity.service import Users
from core.identity.tokens import AccessTokens
from core.mail.mailboxes import Mailboxes
from core.mail.reply_token import ReplyTokens
from core.runtime.metrics import Metrics
from core.secrets import Keyring, load_keyring
from core.settings import Settings
from ingest.authentication.domains import PublicSuffixes
from ingest.authentication.resolver import DnsResolver
from ingest.authentication.settings import AuthenticationSettings
from ingest.deciding.decide import Policy
from ingest.intake import Intake, IntakeLimits
from ingest.receiving import Authenticator, MailReceiver
from ingest.scanning import ClamAv
from migrations.run import migrate


@dataclass(frozen=True, slots=True)
class Parts:
    """What every command works with."""

    settings: Settings
    clock: Clock
    database: Database
    blobs: BlobStore
    keyring: Keyring
    tokens: ReplyTokens
    metrics: Metrics

    @property
    def access_tokens(self) -> AccessTokens:
        return AccessTokens(self.database, self.keyring)

    @property
    def users(self) -> Users:
        return Users(self.database, self.access_tokens)

    @property
    def chat_accounts(self) -> ChatAccounts:
        return ChatAccounts(
            self.database,
            link_by_address=self.settings.chat_link_by_address,
            directory_tenant=self.settings.teams_tenant_id,
        )

    @property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.database, self.keyring)


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The URL of the settings, or of the embedded server, which runs while the block does."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    folder = settings.data_dir / "postgres"
    with ExitStack() as running:
        # Only its start is looked at: an error of the block is not the server's.
        try:
            url = running.enter_context(embedded_postgres(folder))
        except (OSError, RuntimeError) as error:
            raise Misconfigured(f"The embedded PostgreSQL in {folder} did not start: {error}") from error
        yield url


@asynccontextmanager
async def open_parts(settings: Settings, *, with_schema: bool = True) -> AsyncIterator[Parts]:
    """Open everything; `with_schema` brings the embedded database (never a configured one) to the newest schema."""
    clock = SystemClock()
    keyring = load_keyring(settings)
    with database_url(settings) as url:
        database = Database(url, clock, pool_size=settings.database_pool_size)
        try:
            async with open_blob_store(settings) as blobs:
                if with_schema and settings.database_url is None:
                    await migrate(database, audit_retention_months=settings.audit_retention_months)
                yield Parts(
                    settings=settings,
                    clock=clock,
                    database=database,
                    blobs=blobs,
                    keyring=keyring,
                    tokens=ReplyTokens(keyring.derive("reply-token"), settings.desk_address),
                    metrics=Metrics(),
                )
        finally:
            await database.aclose()


def mail_receiver(parts: Parts) -> MailReceiver:
    """The receiver that all ways in share."""
    settings = parts.settings
    policy = Policy(
        desk_addresses=frozenset({settings.desk_address}),
        reopen_days=settings.mail_reopen_days,
        weak_thread_days=settings.mail_weak_thread_days,
        loop_limit=settings.mail_loop_limit,
    )
    limits = IntakeLimits(
        max_attachments=settings.mail_max_attachments,
        max_attachment_bytes=settings.mail_max_attachment_bytes,
        loop_window_seconds=settings.mail_loop_window_seconds,
    )
    trusted = tuple(ip_network(network) for network in settings.trusted_networks)
    authenticator = Authenticator(
        resolver=DnsResolver(),
        suffixes=PublicSuffixes.load(),
        settings=AuthenticationSettings(trusted_relay_networks=trusted) if settings.mail_authenticate else None,
    )
    intake = Intake(parts.database, parts.blobs, policy, limits)
    scanner = ClamAv(settings.clamav_host, settings.clamav_port) if settings.clamav_host else None
    return MailReceiver(intake, parts.tokens, authenticator, parts.clock, parts.metrics, scanner)
