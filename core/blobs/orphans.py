"""Removes blobs that nothing refers to."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import any_, bindparam, select, union
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from core.blobs.store import BlobStore
from core.database.engine import Database
from core.mail.model import raw_mails
from core.tickets.model import attachments

GRACE = timedelta(hours=24)
"""Far longer than any transaction: a blob is put before the row that refers to it is committed."""

_asked = bindparam("keys", type_=ARRAY(TEXT))
_REFERRED = union(*(select(table.c.sha256).where(table.c.sha256 == any_(_asked)) for table in (raw_mails, attachments)))


async def collect_orphans(database: Database, blobs: BlobStore, *, grace: timedelta = GRACE) -> int:
    """Delete blobs that were last put longer than `grace` ago and that no raw mail and no attachment refers to.

    Returns how many. A put of the same content meanwhile makes a blob young again, so it stays.
    """
    than = database.clock.now() - grace
    deleted = 0
    async for keys in blobs.list_older(than):
        async with database.connect() as connection:
            referred = set((await connection.execute(_REFERRED, {"keys": keys})).scalars())
        for key in keys:
            if key not in referred:
                deleted += await blobs.delete_older(key, than)
    return deleted
