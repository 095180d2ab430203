"""The product as people start it: `psa run --demo` in a process of its own, with mails that go in and come out."""

from __future__ import annotations

import email
import email.policy
import os
import re
import smtplib
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.services.service import Service, free_port, running, wait_until

PASSWORD = "correct horse battery"
DESK = "support@desk.localhost"
CUSTOMER = "anna.hofer@hofer-moebel.example"


@dataclass(frozen=True, slots=True)
class Product:
    """The running product. `origin` is where people reach it."""

    origin: str
    smtp_port: int
    outbox: Path
    service: Service

    def send(self, subject: str, text: str, message_id: str, *, to: str = DESK, in_reply_to: str = "") -> None:
        """A mail of the demo's customer, through the SMTP listener."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"Anna Hofer <{CUSTOMER}>", to, subject
        mail["Message-ID"] = message_id
        if in_reply_to:
            mail["In-Reply-To"] = in_reply_to
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as server:
            server.send_message(mail)

    def wait_for_mail(self, text: str) -> EmailMessage:
        """The mail of ours that says this, once it has gone out."""
        wait_until(lambda: bool(self._mails_with(text)), f"a mail that says {text!r}")
        return self._mails_with(text)[0]

    def _mails_with(self, text: str) -> list[EmailMessage]:
        mails = [_read(path) for path in (self.outbox / "new").glob("*")]
        return [mail for mail in mails if text in _text_of(mail)]


@contextmanager
def running_product(folder: Path) -> Iterator[Product]:
    """The product with its demo, on free ports; ended in peace."""
    http_port, smtp_port = free_port(), free_port()
    origin = f"http://localhost:{http_port}"
    environment = {
        "PSA_HTTP_PORT": str(http_port),
        "PSA_SMTP_PORT": str(smtp_port),
        "PSA_PUBLIC_URL": origin,
        "PSA_DATA_DIR": str(folder / "var"),
        "PSA_DEMO_PASSWORD": PASSWORD,
        "PSA_LOG_FORMAT": "json",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    service = Service(
        "psa",
        (sys.executable, "-m", "psa.cli", "run", "--demo"),
        folder=folder,
        port=http_port,
        environment=environment,
        is_ready=lambda: _is_ready(http_port),
        start_seconds=120,
    )
    with running(service):
        yield Product(origin, smtp_port, folder / "var" / "outbox", service)


def number_in(text: str) -> int:
    """The number of the ticket that a text names first."""
    found = re.search(r"#(\d+)", text)
    assert found is not None, text
    return int(found[1])


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def _read(path: Path) -> EmailMessage:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
