"""An IMAP session, blocking: the only place that knows imapclient. `ingest.imap.connection` runs it in a thread."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

from core.errors import Misconfigured
from core.mail.mailboxes import is_loopback
from core.mail.model import MailboxTls
from ingest.imap.errors import FolderUnreadable, LoginRefused, MailboxUnreachable, MailUnreadable

SEARCH_WINDOW = 50_000
"""UIDs asked for at once in a large folder: the standard library refuses lines over a megabyte."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox lives."""

    host: str
    port: int
    tls: MailboxTls


@dataclass(frozen=True, slots=True)
class FolderState:
    """What the server says when a folder is opened. `next_uid` is None where it does not say."""

    uidvalidity: int
    next_uid: int | None
    mails: int


@dataclass(frozen=True, slots=True)
class MailSize:
    size_bytes: int
    internal_date: datetime | None


class ImapSession:
    """One connection. Not for several threads at once, except `wake` and `abort`, which may come from any.

    Every method raises MailboxUnreachable when the connection is lost or silent for too long.
    """

    def __init__(
        self, server: Server, ssl_context: ssl.SSLContext, *, connect_seconds: float = 20.0, read_seconds: float = 60.0
    ) -> None:
        """Connect. Raises Misconfigured for a plain connection to another machine."""
        if server.tls is MailboxTls.NONE and not is_loopback(server.host):
            raise Misconfigured(f"{server.host} is another machine: without TLS it would see the password in clear.")
        self._name = f"{server.host}:{server.port}"
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        try:
            with self._translated():
                self._client = IMAPClient(
                    server.host,
                    server.port,
                    ssl=server.tls is MailboxTls.TLS,
                    ssl_context=ssl_context,
                    timeout=SocketTimeout(connect_seconds, read_seconds),
                )
                self._client.normalise_times = False
                if server.tls is MailboxTls.STARTTLS:
                    self._client.starttls(ssl_context)
        except BaseException:
            self._wake_reader.close()
            self._wake_writer.close()
            raise

    def login(self, username: str, password: str) -> None:
        """Raises LoginRefused."""
        with self._translated():
            if self._client.has_capability("AUTH=PLAIN"):
                # LOGIN is for ASCII only.
                self._client.plain_login(username, password)
            else:
                self._client.login(username, password)

    def login_with_token(self, username: str, access_token: str) -> None:
        """XOAUTH2. Raises LoginRefused."""
        with self._translated():
            self._client.oauth2_login(username, access_token)

    @property
    def can_idle(self) -> bool:
        with self._translated():
            return bool(self._client.has_capability("IDLE"))

    def open_folder(self, folder: str) -> FolderState:
        """Open it for reading only (EXAMINE): nothing changes for the people who use it. Raises FolderUnreadable."""
        with self._translated():
            try:
                answer: dict[bytes, Any] = self._client.select_folder(folder, readonly=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise FolderUnreadable(f"The folder {folder} cannot be opened: {_told(error)}") from error
            if not answer.get(b"UIDVALIDITY"):
                raise FolderUnreadable(f"The server keeps no lasting numbers (UIDVALIDITY) for the folder {folder}.")
            return FolderState(int(answer[b"UIDVALIDITY"]), answer.get(b"UIDNEXT"), int(answer.get(b"EXISTS", 0)))

    def uids_after(self, uid: int, state: FolderState) -> list[int]:
        """The UIDs above `uid` in the open folder, ascending."""
        if not state.mails or (state.next_uid is not None and state.next_uid <= uid + 1):
            return []
        with self._translated():
            if state.mails <= SEARCH_WINDOW or state.next_uid is None:
                found = set(self._client.search(["UID", f"{uid + 1}:*"]))
            else:
                found = set()
                for low in range(uid + 1, state.next_uid, SEARCH_WINDOW):
                    found.update(self._client.search(["UID", f"{low}:{low + SEARCH_WINDOW - 1}"]))
        # `n:*` names the last mail even where its UID is below n (RFC 3501, 6.4.8).
        return sorted(found_uid for found_uid in found if found_uid > uid)

    def still_there(self, uids: Sequence[int]) -> set[int]:
        """Which of the mails are in the open folder."""
        if not uids:
            return set()
        with self._translated():
            return set(self._client.search(["UID", ",".join(map(str, uids))])).intersection(uids)

    def sizes(self, uids: Sequence[int]) -> dict[int, MailSize]:
        """Size and date of those that are still there."""
        return {
            uid: MailSize(int(item.get(b"RFC822.SIZE") or 0), _in_utc(item.get(b"INTERNALDATE")))
            for uid, item in self._fetch(uids, ["RFC822.SIZE", "INTERNALDATE"]).items()
        }

    def mails(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The raw mails of those that are still there; no flag changes. Raises MailUnreadable."""
        return self._bodies(uids, "BODY[]")

    def headers(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The header sections only. Raises MailUnreadable."""
        return self._bodies(uids, "BODY[HEADER]")

    def wait_for_change(self, timeout_seconds: float) -> None:
        """IDLE (RFC 2177) until the server tells something, `wake` is called, or the time is over."""
        with self._translated():
            self._client.idle()
            if not self._has_pending_data():
                poller = select.poll()
                poller.register(self._client.socket().fileno(), select.POLLIN)
                poller.register(self._wake_reader.fileno(), select.POLLIN)
                poller.poll(timeout_seconds * 1000)
            self._client.idle_done()
            with suppress(BlockingIOError):
                self._wake_reader.recv(64)

    def wake(self) -> None:
        """End a `wait_for_change`."""
        with suppress(OSError):
            self._wake_writer.send(b"w")

    def abort(self) -> None:
        """Cut the connection: whatever waits for it fails at once."""
        with suppress(OSError, AttributeError):
            # The plain socket's shutdown: a TLS socket's own would drop the state that another thread is reading with.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)
        self.wake()

    def close(self) -> None:
        """Log out, politely if that is still possible."""
        try:
            with suppress(IMAPClientError, OSError):
                self._client.logout()
        finally:
            with suppress(IMAPClientError, OSError):
                self._client.shutdown()
            self._wake_reader.close()
            self._wake_writer.close()

    def _bodies(self, uids: Sequence[int], section: str) -> dict[int, bytes]:
        peek = section.replace("BODY[", "BODY.PEEK[")
        key = section.encode()
        return {
            uid: bytes(item[key]) for uid, item in self._fetch(uids, [peek]).items() if isinstance(item.get(key), bytes)
        }

    def _fetch(self, uids: Sequence[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
        with self._translated():
            try:
                return dict(self._client.fetch(list(uids), items)) if uids else {}
            except IMAPClientAbortError:
                raise
            except (IMAPClientError, ValueError, AssertionError) as error:
                raise MailUnreadable(
                    f"{self._name} does not hand out {items[0]} of {len(uids)} mails: {_told(error)}"
                ) from error

    def _has_pending_data(self) -> bool:
        """Whether lines of the server wait in the buffers above the socket, where poll() does not see them."""
        connection = self._client.socket()
        timeout_seconds = connection.gettimeout()
        connection.setblocking(False)
        try:
            return bool(self._client._imap.file.peek(1))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            connection.settimeout(timeout_seconds)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        except LoginError as error:
            if isinstance(error.__context__, IMAPClientAbortError):
                raise MailboxUnreachable(f"{self._name} hung up during the login: {_told(error)}") from error
            raise LoginRefused(f"{self._name} refuses the login: {_told(error)}") from error
        except ProtocolError as error:
            raise MailboxUnreachable(f"{self._name} answers what cannot be understood: {_told(error)}") from error
        except IMAPClientError as error:
            raise MailboxUnreachable(f"{self._name} failed: {_told(error)}") from error
        except ssl.SSLCertVerificationError as error:
            raise MailboxUnreachable(f"{self._name} shows a bad certificate: {error.verify_message}") from error
        except TimeoutError as error:
            waited = time.monotonic() - started
            raise MailboxUnreachable(f"{self._name} did not answer for {waited:.0f} s.") from error
        except (OSError, ValueError) as error:
            raise MailboxUnreachable(f"{self._name} is out of reach: {error}") from error


def _in_utc(date: datetime | None) -> datetime | None:
    return date.astimezone(UTC) if date else None


def _told(error: Exception) -> str:
    """The server's words; the standard library hands some of them over as bytes."""
    words = error.args[0] if error.args else ""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
