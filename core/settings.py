"""All settings: `PSA_*` environment variables, a `.env` file, and `PSA_*_FILE` paths for secrets.

A value is looked up in this order: environment variable, file named by the `_FILE` variable, `.env`, default.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import Misconfigured

PREFIX = "PSA_"
Network = IPv4Network | IPv6Network
CommaList = Annotated[tuple[str, ...], NoDecode]


class _FileSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that `PSA_<NAME>_FILE` names, without its last newline."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except OSError as error:
            raise Misconfigured(f"{variable} names {path}, which cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise Misconfigured(f"{variable} names {path}, which is no UTF-8 text.") from error

    def __call__(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                values[name] = value
        return values


class Settings(BaseSettings):
    """The product's configuration. Empty URLs mean: the embedded part."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("var"), description="Where the embedded database, blobs and generated keys live.")
    database_url: SecretStr | None = Field(None, description="postgresql://… instead of the embedded PostgreSQL.")
    rabbitmq_url: SecretStr | None = Field(None, description="amqp://… instead of the embedded broker.")
    blob_url: str | None = Field(None, description="s3://bucket/prefix instead of a folder in the data directory.")
    database_pool_size: int = Field(10, ge=2, le=200, description="Connections to PostgreSQL of each process.")
    secret_key: SecretStr | None = Field(
        None, description="Base64 of 32 bytes: encrypts stored secrets, signs reply tokens. Default: a generated file."
    )

    http_host: str = Field("127.0.0.1", description="Address of the HTTP listener.")
    http_port: int = Field(3000, ge=0, le=65535, description="Port of API, console and chat endpoints.")
    http_max_body_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Largest request body.")
    public_url: str = Field("http://localhost:3000", description="How people reach the HTTP port from outside.")

    smtp_host: str = Field("127.0.0.1", description="Address of the SMTP listener.")
    smtp_port: int = Field(2525, ge=0, le=65535, description="Port of the SMTP listener.")
    lmtp_port: int | None = Field(None, ge=0, le=65535, description="Port of the LMTP listener; unset: none.")
    smtp_hostname: str = Field("localhost", description="Name in the SMTP greeting and in Received headers.")
    smtp_tls_cert: Path | None = Field(None, description="PEM chain for STARTTLS.")
    smtp_tls_key: Path | None = Field(None, description="PEM key for STARTTLS.")
    smtp_require_tls: bool = Field(False, description="Refuse mail over plain connections.")
    smtp_max_message_bytes: int = Field(40 * 1024 * 1024, ge=10_000, description="Largest accepted mail.")
    smtp_max_recipients: int = Field(100, ge=1, description="Recipients of one mail.")
    smtp_max_connections: int = Field(500, ge=1, description="Open SMTP connections.")
    smtp_max_connections_per_client: int = Field(100, ge=1, description="Open SMTP connections of one address.")
    smtp_recipients: CommaList = Field(
        (), description="Accepted recipient addresses or @domains, by comma. Default: any at the desk's domain."
    )
    trusted_networks: CommaList = Field(
        ("127.0.0.0/8", "::1/128"), description="Our own relays: no SPF check, no connection limit."
    )
    proxy_protocol_networks: CommaList = Field((), description="Networks that must speak the PROXY protocol to us.")

    desk_address: str = Field("support@desk.localhost", description="The address that customers write to.")
    desk_name: str = Field("PSA Service Desk", description="Display name of outgoing mail.")
    desk_language: Literal["de", "en"] = Field("de", description="Language where a person's own is unknown.")
    smarthost_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:587 for outgoing mail. Default: a local folder in the data directory.",
    )

    mail_reopen_days: int = Field(14, ge=0, description="A later reply to a closed ticket opens a new, linked one.")
    mail_weak_thread_days: int = Field(30, ge=0, description="How long ids that were only referred to join mails.")
    mail_loop_limit: int = Field(20, ge=1, description="New tickets from one sender within the window before parking.")
    mail_loop_window_seconds: int = Field(600, ge=1, description="The window of the loop budget.")
    mail_authenticate: bool = Field(True, description="Check SPF, DKIM, DMARC and ARC of mail that comes by SMTP.")
    mail_max_attachment_bytes: int = Field(25 * 1024 * 1024, ge=0, description="Larger attachments are set aside.")
    mail_max_attachments: int = Field(100, ge=0, description="More attachments than this are set aside.")
    clamav_host: str | None = Field(None, description="Host of a clamd that scans attachments.")
    clamav_port: int = Field(3310, ge=1, le=65535, description="Port of clamd.")

    teams_app_id: str | None = Field(None, description="Application (client) id of the Teams bot's Entra app.")
    teams_app_password: SecretStr | None = Field(None, description="Client secret of the Teams bot's Entra app.")
    teams_tenant_id: str | None = Field(None, description="The tenant of the Teams bot (single-tenant).")
    teams_allow_unauthenticated: bool = Field(
        False, description="Take Teams activities without a token, for local clients; only on a loopback address."
    )
    teams_login_url: str = Field("https://login.microsoftonline.com", description="Where the Teams bot gets tokens.")
    teams_openid_metadata_url: str = Field(
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where the keys of the Bot Framework's tokens are published.",
    )
    slack_bot_token: SecretStr | None = Field(None, description="xoxb-…: the Slack app's bot token.")
    slack_signing_secret: SecretStr | None = Field(None, description="Signing secret of the Slack app (Events API).")
    slack_app_token: SecretStr | None = Field(None, description="xapp-…: Slack Socket Mode instead of a public URL.")
    slack_api_url: str = Field("https://slack.com/api/", description="Base address of Slack's Web API.")
    chat_link_by_address: bool = Field(
        True, description="Link chat accounts of the own directory to users by their verified address."
    )
    chat_redraw_delay_seconds: float = Field(
        0.5, ge=0, description="How long changes to a ticket are gathered before its cards are redrawn."
    )
    console_session_hours: float = Field(12.0, gt=0, description="How long a console session lasts without use.")

    demo_password: SecretStr | None = Field(None, description="Password of the demo users. Default: generated.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, else JSON."
    )
    drain_seconds: float = Field(25.0, gt=0, description="How long a stopping process may finish its work.")
    outbox_retention_days: int = Field(7, ge=1, description="How long published events are kept.")
    audit_retention_months: int = Field(84, ge=1, description="How long audit records are kept.")

    @field_validator("smtp_recipients", "trusted_networks", "proxy_protocol_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_networks", "proxy_protocol_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("desk_address")
    @classmethod
    def _address(cls, value: str) -> str:
        local, at, domain = value.rpartition("@")
        if not (local and at and domain) or "+" in local:
            raise ValueError("must be an address such as support@example.com, without a + in its local part")
        return value.lower()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls), dotenv_settings

    @property
    def desk_domain(self) -> str:
        return self.desk_address.rpartition("@")[2]


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; raises Misconfigured with one line for each setting that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise Misconfigured("The settings are wrong.\n" + "\n".join(lines)) from error
