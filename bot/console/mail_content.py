"""What customers sent, handed out without any power: files to save, and mails as formatted, in a frame of no origin."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from aiohttp import web

from bot.console.calling import ConsoleCall
from bot.console.pages import Pages, html_response
from core.blobs.store import BlobStore
from core.database.engine import Database
from core.errors import Conflict, NotFound
from core.http.answering import send_file
from core.http.route import FileReply
from core.ids import AttachmentId, MessageId
from core.tickets.downloads import download_headers
from core.tickets.queries import find_attachments, get_attachment, get_message

MAIL_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Nothing is loaded from anywhere, nothing runs, and the page has no origin; links open outside."""

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PICTURE_BYTES = 1_000_000
PICTURES_BYTES = 5_000_000

_PICTURE = re.compile(r"""(<img\b[^>]*?\ssrc=")([^"]*)(?=")""", re.IGNORECASE)
"""What comes before the address of a picture, and the address."""


class MailContent:
    """Files and formatted mails, of what the reader may see."""

    def __init__(self, database: Database, blobs: BlobStore, pages: Pages) -> None:
        self._database = database
        self._blobs = blobs
        self._pages = pages

    async def download(self, call: ConsoleCall) -> web.StreamResponse:
        """A file, to be saved. One that was set aside is not handed out."""
        attachment_id = AttachmentId(_uuid(call.request.match_info["attachment"], "attachment"))
        async with self._database.connect() as connection:
            row = await get_attachment(connection, call.actor, attachment_id)
        if row["set_aside"] is not None:
            raise Conflict(f"The file {row['filename']} was set aside and is not handed out: {row['set_aside']}")
        blob = await self._blobs.open(row["sha256"])
        headers = download_headers(row["filename"], row["content_type"])
        return await send_file(call.request, FileReply(blob.size_bytes, blob.chunks, headers))

    async def show_html(self, call: ConsoleCall) -> web.StreamResponse:
        """A mail as its sender formatted it: sanitised when it came in, with its own pictures and no others."""
        message_id = MessageId(_uuid(call.request.match_info["message"], "message"))
        async with self._database.connect() as connection:
            row = await get_message(connection, call.actor, message_id)
            if not row["html"] or row["deleted_at"] is not None:
                raise NotFound("message", message_id)
            files = await find_attachments(connection, call.actor, row["ticket_id"])
        own = [each for each in files if each["message_id"] == row["id"]]
        html = await self._with_pictures(row["html"], own)
        page = (
            f'<!doctype html><html lang="{call.language}"><head><meta charset="utf-8"><base target="_blank">'
            f'<link rel="stylesheet" href="{self._pages.address_of("mail.css")}"></head><body>{html}</body></html>'
        )
        return html_response(page, policy=MAIL_POLICY)

    async def _with_pictures(self, html: str, files: Sequence[Mapping[str, Any]]) -> str:
        """The HTML with the pictures that it carries, put in, for a frame of no origin may not ask for them.

        Other pictures are left out: who wrote the mail would learn that it is read.
        """
        pictures: dict[str, str] = {}
        room = PICTURES_BYTES
        wanted = {_content_id(found[2]) for found in _PICTURE.finditer(html)}
        for row in files:
            fits = row["size_bytes"] <= min(PICTURE_BYTES, room)
            if row["content_id"] in wanted and row["content_type"] in PICTURES and fits and row["set_aside"] is None:
                content = base64.b64encode(await self._blobs.get(row["sha256"])).decode("ascii")
                pictures[row["content_id"]] = f"data:{row['content_type']};base64,{content}"
                room -= row["size_bytes"]
        return _PICTURE.sub(lambda found: found[1] + pictures.get(_content_id(found[2]), ""), html)


def _content_id(address: str) -> str:
    """The part of the same mail that an address names (RFC 2392); empty for any other address."""
    scheme, _, name = address.partition(":")
    return unquote(name) if scheme.lower() == "cid" else ""


def _uuid(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(what, text[:50]) from error
