"""The first five minutes: `psa run --demo`, a mail, the commands beside it, and starting again."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import signal
import smtplib
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from core.identity.roles import Role
from tests.services.service import free_port

PSA = (sys.executable, "-m", "psa.cli")


def _environment(folder: Path) -> dict[str, str]:
    ports = {"PSA_HTTP_PORT": str(free_port()), "PSA_SMTP_PORT": str(free_port())}
    return os.environ | ports | {"PSA_DATA_DIR": str(folder / "var"), "PSA_DEMO_PASSWORD": "correct horse battery"}


@asynccontextmanager
async def _running(environment: dict[str, str]) -> AsyncIterator[float]:
    """`psa run --demo`; yields the seconds until it was ready, and checks that it ends cleanly."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(*PSA, "run", "--demo", env=environment)
    try:
        while not await asyncio.to_thread(_is_ready, environment):
            assert process.returncode is None
            assert time.monotonic() - started < 60
            await asyncio.sleep(0.1)
        yield time.monotonic() - started
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 40) == 0


def _is_ready(environment: dict[str, str]) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{environment['PSA_HTTP_PORT']}/health/ready", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False


async def _psa(environment: dict[str, str], *arguments: str, stdin: bytes = b"", expected: int = 0) -> str:
    process = await asyncio.create_subprocess_exec(
        *PSA,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin)
    assert process.returncode == expected, err.decode()
    return out.decode()


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _send(environment: dict[str, str], mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", int(environment["PSA_SMTP_PORT"])) as server:
        server.send_message(mail)


def _mail(subject: str, message_id: str, sender: str = "anna.hofer@hofer-moebel.example", **more: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        sender,
        "support@desk.localhost",
        subject,
        message_id,
    )
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{subject}: bitte um Hilfe, Grüße aus Wien.")
    return mail


async def _get(environment: dict[str, str], path: str, token: str) -> dict[str, Any]:
    def fetch() -> dict[str, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{environment['PSA_HTTP_PORT']}{path}")
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=10) as page:
            answer: dict[str, Any] = json.load(page)
            return answer

    return await asyncio.to_thread(fetch)


@pytest.mark.timeout(240)
async def test_a_mail_to_the_demo_is_a_ticket_and_replies_land_on_it(server_folder: Path) -> None:
    environment = _environment(server_folder)
    async with _running(environment):
        token = (await _psa(environment, "token", "--user", "service_manager@demo.example")).strip()
        users = _lines(await _psa(environment, "user", "list", "--json"))
        assert {user["role"] for user in users} == {role.value for role in Role}

        await asyncio.to_thread(_send, environment, _mail("Drucker steht", "<one@hofer-moebel.example>"))
        newest = (await _get(environment, "/api/v1/tickets?sort=number&order=desc&limit=1", token))["data"][0]
        number = newest["attributes"]["number"]
        assert newest["attributes"]["title"] == "Drucker steht"

        acknowledged = await _wait_for_acknowledgement(environment, number)
        replies = (
            _mail("AW: Drucker steht", "<two@hofer-moebel.example>", In_Reply_To="<one@hofer-moebel.example>"),
            _mail(f"[#{number}] anderes", "<three@hofer-moebel.example>"),
            _mail("per Token", "<four@private.example>", "anna@private.example"),
        )
        del replies[2]["To"]
        replies[2]["To"] = acknowledged["Reply-To"]
        for reply in replies:
            await asyncio.to_thread(_send, environment, reply)
        strangers = (
            _mail(f"[#{number}] geraten", "<five@stranger.example>", "who@stranger.example"),
            _mail("gefälscht", "<six@stranger.example>", "x@stranger.example", References="<one@hofer-moebel.example>"),
        )
        for stranger in strangers:
            await asyncio.to_thread(_send, environment, stranger)

        shown = _lines(await _psa(environment, "ticket", "show", str(number), "--json"))[0]
        inbound = [each["internet_message_id"] for each in shown["messages"] if each["is_inbound"]]
        expected = {"one@hofer-moebel.example", "two@hofer-moebel.example", "three@hofer-moebel.example"}
        assert set(inbound) == expected | {"four@private.example"}
        assert len(inbound) == 4
        assert shown["receipts"]

        piped = _mail("durch die Pipe", "<seven@hofer-moebel.example>").as_bytes()
        taken = _lines(await _psa(environment, "mail", "ingest", "--json", stdin=piped))[0]
        assert taken["outcome"] == "ticket_opened"
        again = _lines(await _psa(environment, "mail", "ingest", "--json", stdin=piped))[0]
        assert again["outcome"] == "duplicate"
        await _psa(environment, "doctor")

    async with _running(environment) as seconds:
        listed = _lines(await _psa(environment, "ticket", "list", "--limit", "1000", "--json"))
        assert number in {ticket["number"] for ticket in listed}
        sys.stderr.write(f"second start: ready after {seconds:.1f} s\n")

    # Nothing runs now: the command starts the embedded server for its own duration.
    alone = _lines(await _psa(environment, "ticket", "list", "--limit", "1000", "--json"))
    assert {ticket["number"] for ticket in alone} == {ticket["number"] for ticket in listed}


async def _wait_for_acknowledgement(environment: dict[str, str], number: int) -> EmailMessage:
    folder = Path(environment["PSA_DATA_DIR"]) / "outbox" / "new"
    async with asyncio.timeout(20):
        while True:
            for file in folder.glob("*") if folder.exists() else ():
                mail = await asyncio.to_thread(_read, file)
                if f"[#{number}]" in mail["Subject"]:
                    assert mail["Auto-Submitted"] == "auto-replied"
                    return mail
            await asyncio.sleep(0.1)


def _read(file: Path) -> EmailMessage:
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
