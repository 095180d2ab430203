"""What every mail of ours needs, whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass

from core.blobs.store import BlobStore
from core.mail.compose import Desk
from core.mail.reply_token import ReplyTokens


@dataclass(frozen=True, slots=True)
class MailOut:
    """The desk as customers see it; `desk_language` (`de`, `en`) is for readers whose own is not known."""

    tokens: ReplyTokens
    desk_address: str
    desk_name: str
    desk_language: str
    blobs: BlobStore

    @property
    def desk(self) -> Desk:
        return Desk(self.tokens, self.desk_name, self.desk_address)
