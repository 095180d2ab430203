"""How commands speak: tables for people, JSON for programs, errors on standard error, exit codes with a meaning."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import orjson
import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import InvalidInput, LimitExceeded, Misconfigured, NotFound, PermissionDenied, PsaError, Unavailable
from core.runtime.supervisor import ComponentCrashed

stdout = Console()
stderr = Console(stderr=True)

EXIT_CODES: dict[type[Exception], int] = {
    InvalidInput: 65,  # EX_DATAERR
    NotFound: 66,  # EX_NOINPUT
    ComponentCrashed: 70,  # EX_SOFTWARE
    LimitExceeded: 69,  # EX_UNAVAILABLE
    Unavailable: 75,  # EX_TEMPFAIL: a mail server that pipes to us tries again
    PermissionDenied: 77,  # EX_NOPERM
    Misconfigured: 78,  # EX_CONFIG
}
"""Exit codes by error, as in BSD's sysexits.h; any other PsaError is 1."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def exit_code_of(error: Exception) -> int:
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def command(function: Callable[_P, Coroutine[Any, Any, _R]]) -> Callable[_P, _R]:
    """Makes a coroutine a typer command: runs it, and turns the product's errors into a message and an exit code."""

    @wraps(function)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(function(*args, **kwargs))
        except (PsaError, ComponentCrashed) as error:
            complain(error)
            raise typer.Exit(exit_code_of(error)) from error

    return run


def complain(error: Exception) -> None:
    """Say on standard error what was wrong and what to do."""
    stderr.print(f"[bold red]psa:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    hint = error.hint if isinstance(error, PsaError) else None
    if hint:
        stderr.print(hint, highlight=False, soft_wrap=True, markup=False)


def print_json(value: object) -> None:
    """One line of JSON on standard output."""
    # Rows bring the driver's own kinds of text and UUID: subclasses that orjson takes only when told to.
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=options))
    sys.stdout.buffer.flush()


def print_rows(rows: Iterable[Mapping[str, object]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Rows as a table, or as one JSON object a line."""
    found = list(rows)
    if as_json:
        for row in found:
            print_json(row)
        return
    if not found:
        stdout.print(empty)
        return
    table = Table(*(column.replace("_", " ") for column in columns), header_style="bold", box=None, pad_edge=False)
    for row in found:
        table.add_row(*("" if row[column] is None else escape(str(row[column])) for column in columns))
    stdout.print(table)
