"""What the doctor says about mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core.database.engine import Database
from core.mail.model import mailboxes

SILENT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class MailboxProblem:
    """What is wrong with a mailbox, and how to mend it."""

    mailbox: str
    problem: str
    mend: str


async def check_mailboxes(database: Database, now: datetime, *, silent: timedelta = SILENT) -> list[MailboxProblem]:
    """The enabled mailboxes that fail, need a person, or have not been read for longer than `silent`."""
    statement = select(mailboxes).where(mailboxes.c.is_enabled).order_by(mailboxes.c.name)
    async with database.connect() as connection:
        rows = (await connection.execute(statement)).all()
    problems = []
    for row in rows:
        last = row.last_success_at or row.updated_at
        if row.needs_authorization:
            problem = f"Its authorisation is no longer valid: {row.last_error or 'no reason was given'}"
            mend = "Authorise it anew: store a new password, client secret or refresh token."
        elif row.failing_since is not None:
            problem = f"Fails since {row.failing_since:%Y-%m-%d %H:%M} UTC, {row.failures} times: {row.last_error}"
            mend = f"See that {row.host}:{row.port} answers and lets {row.username} in."
        elif last <= now - silent:
            problem = f"Was not read since {last:%Y-%m-%d %H:%M} UTC."
            mend = "See that a process with `psa serve ingest` (or `psa run`) is running."
        else:
            continue
        problems.append(MailboxProblem(row.name, problem, mend))
    return problems
