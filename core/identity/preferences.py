"""What users choose for themselves."""

from __future__ import annotations

from sqlalchemy import select, update

from core.actor import Actor
from core.audit.model import AuditAction
from core.database.engine import Database
from core.errors import InvalidInput, NotFound
from core.identity.model import users
from core.identity.queries import NOT_DELETED
from core.identity.service import LANGUAGES


class Preferences:
    """One's own settings; nobody changes those of somebody else here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def choose_language(self, actor: Actor, language: str) -> None:
        """Speak this language with the actor from now on. Raises InvalidInput for one that is not spoken."""
        if language not in LANGUAGES:
            raise InvalidInput(f"The language must be among {', '.join(LANGUAGES)}.", field="language")
        async with self._database.begin(actor) as work:
            held = select(users).where(users.c.id == actor.user_id, NOT_DELETED).with_for_update()
            user = (await work.execute(held)).one_or_none()
            if user is None:
                raise NotFound("user", actor.user_id)
            if user.language == language:
                return
            change = {"language": language, "version": user.version + 1, "updated_at": work.now}
            await work.execute(update(users).where(users.c.id == user.id).values(change))
            work.audit(AuditAction.UPDATE, "user", user.id, old={"language": user.language}, new={"language": language})
