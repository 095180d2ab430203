"""Reading what follows DATA: chunk by chunk to the one true end, CRLF dot CRLF."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_END = b"\r\n.\r\n"
_EVERYTHING = 2**30


class DataTooLarge(Exception):
    """The mail went over the limit; it was read to its end and forgotten."""


async def read_message_data(
    reader: asyncio.StreamReader, limit_bytes: int, on_progress: Callable[[], None]
) -> bytearray:
    """The mail, without dot stuffing and end mark. `on_progress` is called after each chunk.

    Only CRLF dot CRLF ends it: other spellings with a bare CR or LF are part of the mail, so nobody can smuggle a
    second mail in by them (CVE-2023-51764). Commands that follow the end stay in the reader. Raises `DataTooLarge`, and
    `ConnectionResetError` when the client goes away before the end.
    """
    data = bytearray(b"\r\n")  # the end of the DATA command: a mail may begin with the end mark
    too_large = False
    while True:
        chunk = await reader.read(_EVERYTHING)  # all there is, so that what is left over can be put back in order
        if not chunk:
            raise ConnectionResetError("the client left before the end of the mail")
        on_progress()
        searched = max(0, len(data) - len(_END) + 1)
        data += chunk
        end = data.find(_END, searched)
        if end >= 0:
            reader.feed_data(data[end + len(_END) :])
            del data[end + 2 :]
            break
        if len(data) > limit_bytes + len(_END):
            too_large = True
            del data[: -len(_END)]
    if too_large or end > limit_bytes:
        raise DataTooLarge
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n")
    del data[:2]
    return data
