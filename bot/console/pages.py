"""Pages from templates: everything that is put in is escaped, and a name that is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.console.wording import say

HERE = Path(__file__).parent
STATIC = HERE / "static"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

_PARTS = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
POLICY = "; ".join(_PARTS)
POLICY_WITH_FRAMES = "; ".join((*_PARTS, "frame-src 'self'"))
"""Of the pages that show mails as their sender formatted them, in a frame without any rights."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the console as it is served; `digest` names its content."""

    content: bytes
    kind: str
    digest: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on someone's clock: `short` where space is scarce, `long` in full, `iso` for machines."""

    short: str
    long: str
    iso: str


class Pages:
    """Renders templates, and knows the files beside them. Reads all of them once."""

    def __init__(self) -> None:
        self.assets = {path.name: _asset(path) for path in sorted(STATIC.iterdir()) if path.suffix in KINDS}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["asset"] = self.address_of

    def address_of(self, name: str) -> str:
        """Where a file is served; changes with its content, so that browsers may keep it."""
        return f"/console/static/{name}?v={self.assets[name].digest}"

    def render(self, template: str, language: str, **values: object) -> str:
        """A template's text; templates call `say(name)` for what is said in `language`."""
        return self._templates.get_template(template).render(
            language=language, say=partial(_say_in, language), **values
        )


def html_response(
    text: str, status: int = 200, *, policy: str = POLICY, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A page. Its address goes to nobody else; our own forms still say where they come from."""
    kept = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    return web.Response(text=text, status=status, content_type="text/html", headers={**kept, **(headers or {})})


def moment(instant: datetime, now: datetime, timezone: str, language: str) -> Moment:
    """Today's instants by their time, yesterday's and older ones by their day."""
    zone = ZoneInfo(timezone)
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    day = local.strftime("%d.%m.%Y" if language == "de" else "%d %b %Y")
    time = local.strftime("%H:%M")
    if local.date() == today:
        short = time
    elif today - local.date() < timedelta(days=300):
        short = local.strftime("%d.%m. %H:%M" if language == "de" else "%d %b, %H:%M")
    else:
        short = day
    return Moment(short, f"{day}, {time} {local.tzname()}", instant.isoformat())


def _say_in(language: str, name: str, **values: object) -> str:
    return say(name, language, **values)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, KINDS[path.suffix], sha256(content).hexdigest()[:16])
