"""One dovecot for each test process, with users of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from core.database.engine import Database
from tests.integration.ingest.imap.desk import Desk
from tests.services.dovecot import Dovecot, private_dovecot


@pytest.fixture(scope="session")
def shared_dovecot() -> Iterator[Dovecot]:
    """A dovecot that tests share: they must not stop it."""
    with private_dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def user(shared_dovecot: Dovecot) -> str:
    """A fresh user of the shared dovecot, with an empty INBOX."""
    name = f"user{uuid4().hex[:12]}"
    shared_dovecot.add_user(name)
    return name


@pytest.fixture
def desk(database: Database, shared_dovecot: Dovecot) -> Desk:
    return Desk(database, shared_dovecot)
