"""The commands in the hands of someone who makes mistakes: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

PSA = (sys.executable, "-m", "psa.cli")
ODD_SUBJECT = "[/x] [red]printer[/]"


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return os.environ | {"PSA_DATABASE_URL": database_url, "PSA_DATA_DIR": str(tmp_path / "var"), "COLUMNS": "200"}


def psa(environment: dict[str, str], *arguments: str, expected: int = 0) -> str:
    """What the command says, on either output."""
    done = subprocess.run(
        (*PSA, *arguments), env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    assert done.returncode == expected, said
    return said


def test_subjects_and_paths_with_brackets_are_shown_as_they_are(environment: dict[str, str], tmp_path: Path) -> None:
    mail = tmp_path / "odd.eml"
    mail.write_text(f"From: a@b.example\nMessage-ID: <odd@b.example>\nSubject: {ODD_SUBJECT}\n\nHello\n")
    assert ODD_SUBJECT in psa(environment, "mail", "explain", str(mail))
    psa(environment, "mail", "ingest", str(mail))
    assert ODD_SUBJECT in psa(environment, "ticket", "list")
    assert "/nowhere/[/x]" in psa(environment, "mail", "explain", "/nowhere/[/x]", expected=66)


def test_what_is_not_there_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    unknown = str(uuid4())
    assert unknown in psa(environment, "mail", "replay", unknown, expected=66)
    assert "no queue nonsense" in psa(environment, "events", "replay", "nonsense", expected=66)
    psa(environment, "ticket", "show", "99999999999999999999", expected=2)
    assert "no Maildir" in psa(environment, "mail", "import", str(tmp_path), expected=65)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x00\xff" * 100)
    assert "no mbox" in psa(environment, "mail", "import", str(binary), expected=65)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PSA_DATABASE_URL", "mysql://x"),
        ("PSA_DATABASE_URL", "postgresql://x:notaport/y"),
        ("PSA_TRUSTED_NETWORKS", "nonsense"),
        ("PSA_HTTP_PORT", "abc"),
        ("PSA_SECRET_KEY", "abc"),
        ("PSA_SECRET_KEY_FILE", sys.executable),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, tmp_path: Path) -> None:
    environment = os.environ | {"PSA_DATA_DIR": str(tmp_path / "var"), name: value}
    environment.setdefault("PSA_DATABASE_URL", "postgresql://u@127.0.0.1:1/x")
    assert name in psa(environment, "user", "list", expected=78)


def test_a_database_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    environment = os.environ | {"PSA_DATA_DIR": str(tmp_path), "PSA_DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    for arguments in (("mail", "ingest", os.devnull), ("run",), ("migrate",)):
        assert "database is away" in psa(environment, *arguments, expected=75)
