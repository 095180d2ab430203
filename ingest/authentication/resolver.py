"""DNS lookups behind one small protocol: the real resolver, and one that is fed with records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver


class RecordType(StrEnum):
    """The record types that sender authentication asks for."""

    TXT = "TXT"
    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    PTR = "PTR"


class TemporaryLookupError(Exception):
    """The DNS gave no answer in time, or the budget for lookups is used up; asking later may help."""


class Resolver(Protocol):
    """Answers DNS questions."""

    async def lookup(self, name: str, record_type: RecordType) -> tuple[str, ...]:
        """The records of a name, empty when it has none; raises `TemporaryLookupError`.

        TXT records are joined to one string each (bytes outside UTF-8 as surrogates), MX is "preference exchange".
        """


class DnsResolver:
    """The real resolver: dnspython on the event loop, with a cache that obeys the records' time to live."""

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        port: int = 53,
        lookup_timeout_seconds: float = 4.0,
        cache_entries: int = 5000,
    ) -> None:
        """`nameservers` are addresses; without any the machine's resolv.conf is read."""
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port
        self._resolver.cache = dns.resolver.LRUCache(cache_entries)
        self._lookup_timeout_seconds = lookup_timeout_seconds

    async def lookup(self, name: str, record_type: RecordType) -> tuple[str, ...]:
        try:
            question = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return ()  # no such name can exist
        try:
            answer = await self._resolver.resolve(
                question,
                record_type.value,
                lifetime=self._lookup_timeout_seconds,
                raise_on_no_answer=False,
                search=False,
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise TemporaryLookupError(f"DNS {record_type.value} {name}: {type(error).__name__}") from error
        return tuple(_as_text(record) for record in answer.rrset or ())


class StaticResolver:
    """Answers from a fixed table `{(name, type): records}`; a record that is an exception is raised instead."""

    def __init__(
        self, records: Mapping[tuple[str, RecordType], Sequence[str] | TemporaryLookupError] | None = None
    ) -> None:
        self._records = {(name.lower().rstrip("."), kind): answer for (name, kind), answer in (records or {}).items()}
        self.questions: list[tuple[str, RecordType]] = []

    async def lookup(self, name: str, record_type: RecordType) -> tuple[str, ...]:
        question = (name.lower().rstrip("."), record_type)
        self.questions.append(question)
        answer = self._records.get(question, ())
        if isinstance(answer, TemporaryLookupError):
            raise answer
        return tuple(answer)


class BudgetedResolver:
    """The lookups of one mail: each question is asked once, and no more than `limit` different ones."""

    def __init__(self, resolver: Resolver, limit: int) -> None:
        self._resolver = resolver
        self._remaining = limit
        self._answers: dict[tuple[str, RecordType], tuple[str, ...] | TemporaryLookupError] = {}

    async def lookup(self, name: str, record_type: RecordType) -> tuple[str, ...]:
        question = (name.lower().rstrip("."), record_type)
        if question not in self._answers:
            if self._remaining <= 0:
                raise TemporaryLookupError("the mail asks for too many DNS lookups")
            self._remaining -= 1
            try:
                self._answers[question] = await self._resolver.lookup(*question)
            except TemporaryLookupError as error:
                self._answers[question] = error
        answer = self._answers[question]
        if isinstance(answer, TemporaryLookupError):
            raise answer
        return answer


def _as_text(record: object) -> str:
    if strings := getattr(record, "strings", None):
        return b"".join(strings).decode("utf-8", "surrogateescape")
    return str(record)
