"""How a file is handed out: saved, never opened inside our own origin. Pure."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

OCTET_STREAM = "application/octet-stream"
LONGEST_NAME = 200

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_ACTIVE = re.compile(r"multipart/.*|message/.*|.*html.*|.*xml.*|.*script.*|.*flash.*|.*/mht.*|.*/hta|text/css")
"""What a browser would run or lay out as a page (https://mimesniff.spec.whatwg.org/#mime-type-groups, and MHTML)."""


def download_headers(filename: str, content_type: str) -> dict[str, str]:
    """The headers of a download: the name as RFC 6266 wants it, a type that no browser runs."""
    return {
        "Content-Type": served_type(content_type),
        "Content-Disposition": disposition(filename),
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def served_type(content_type: str) -> str:
    """The media type without parameters; application/octet-stream for active types and for what is none."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) and not _ACTIVE.fullmatch(kind) else OCTET_STREAM


def disposition(filename: str) -> str:
    """`attachment` with the name in ASCII, and in full where that differs (RFC 6266 section 4.3, RFC 8187).

    Control and direction characters are left out, which could make `exe` look like `txt`; path separators become `_`.
    """
    visible = "".join(each for each in filename if not unicodedata.category(each).startswith("C"))
    name = re.sub(r"[/\\]", "_", visible).strip(" .") or "attachment"
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        name = name[: LONGEST_NAME - len(ending)] + ending
    plain = re.sub(r'[^ -~]|["%]', "_", name)
    said = f'attachment; filename="{plain}"'
    return said if plain == name else f"{said}; filename*=UTF-8''{quote(name, safe='')}"
