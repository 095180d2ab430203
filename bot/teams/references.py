"""What is kept of a conversation so that the desk can write there by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from core.chat.model import chat_conversations
from core.chat.rules import Surface
from core.database.engine import Database


@dataclass(frozen=True, slots=True)
class Reference:
    """`bot` is our own account's id in Teams (28:…)."""

    service_url: str
    bot: str

    @classmethod
    def read(cls, kept: Mapping[str, object]) -> Reference | None:
        """From `chat_conversations.reference`; None for one that says too little."""
        service_url, bot = kept.get("service_url"), kept.get("bot")
        if not isinstance(service_url, str) or not isinstance(bot, str) or not service_url:
            return None
        return cls(service_url, bot)

    def keep(self) -> dict[str, object]:
        return {"service_url": self.service_url, "bot": self.bot}


class References:
    """How each tenant was reached last: as this process saw it, or as another one kept it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: dict[str, Reference] = {}

    def saw(self, tenant: str, reference: Reference) -> None:
        """An activity that was verified came from there."""
        self._latest[tenant] = reference

    async def find_latest(self, tenant: str) -> Reference | None:
        """Also for somebody whose own conversation is not known yet."""
        if tenant in self._latest:
            return self._latest[tenant]
        c = chat_conversations.c
        statement = (
            select(c.reference)
            .where(c.surface == Surface.TEAMS.value, c.tenant == tenant, c.reference.has_key("service_url"))
            .order_by(c.updated_at.desc())
            .limit(1)
        )
        async with self._database.connect() as connection:
            kept = (await connection.execute(statement)).scalar_one_or_none()
        return Reference.read(kept) if kept is not None else None
