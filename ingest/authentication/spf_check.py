"""SPF (RFC 7208) by pyspf, on DNS answers that are fetched between its runs instead of by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import spf

from ingest.authentication.domains import find_ascii_domain
from ingest.authentication.resolver import RecordType, Resolver, TemporaryLookupError
from ingest.authentication.results import SpfResult

_RECORD_LIMIT_CHARACTERS = 4096
_Question = tuple[str, RecordType]
_Answers = Mapping[_Question, tuple[str, ...] | TemporaryLookupError]


@dataclass(frozen=True, slots=True)
class SmtpConnection:
    """Who delivered a mail: `envelope_from` is the MAIL FROM address, empty for the null sender of bounces."""

    client_ip: str
    helo: str
    envelope_from: str


@dataclass(frozen=True, slots=True)
class SpfFinding:
    """The result for `domain`: that of MAIL FROM, or of HELO with the null sender; None when neither names one."""

    result: SpfResult
    domain: str | None
    explanation: str


class _AnswerMissing(Exception):
    """pyspf asked what is not fetched yet; it is run again with the answer."""

    def __init__(self, question: _Question) -> None:
        super().__init__(question)
        self.question = question


def find_spf_domain(connection: SmtpConnection) -> str | None:
    """The domain that SPF speaks about, in ASCII."""
    if not connection.envelope_from:
        return find_ascii_domain(connection.helo)
    _, at, domain = connection.envelope_from.rpartition("@")
    return find_ascii_domain(domain) if at else None


async def check_spf(connection: SmtpConnection, resolver: Resolver) -> SpfFinding:
    """May the client send for its envelope sender's domain? Never raises for what mail or DNS contain."""
    domain = find_spf_domain(connection)
    if domain is None:
        return SpfFinding(SpfResult.NONE, None, "SPF none: neither MAIL FROM nor HELO names a domain")
    local_part = connection.envelope_from.rpartition("@")[0] or "postmaster"
    answers: dict[_Question, tuple[str, ...] | TemporaryLookupError] = {}
    while True:
        try:
            result, detail = _evaluate(connection.client_ip, f"{local_part}@{domain}", connection.helo, answers)
        except _AnswerMissing as missing:
            try:
                answers[missing.question] = await resolver.lookup(*missing.question)
            except TemporaryLookupError as error:
                answers[missing.question] = error
        else:
            explanation = f"SPF {result.value}: {domain} for {connection.client_ip}"
            return SpfFinding(result, domain, f"{explanation} ({detail})" if detail else explanation)


def _evaluate(client_ip: str, sender: str, helo: str, answers: _Answers) -> tuple[SpfResult, str]:
    try:
        query = spf.query(i=client_ip, s=sender, h=find_ascii_domain(helo) or "unknown")
        query.dns = _AnsweredLookups(query, answers).dns
        word, _, detail = query.check()
        return SpfResult(word), "" if word == "pass" else str(detail)[:200]
    except _AnswerMissing:
        raise
    except Exception as error:  # noqa: BLE001 - pyspf raises anything from AssertionError to re.error on hostile records
        return SpfResult.PERMERROR, f"the record cannot be evaluated: {type(error).__name__}"


class _AnsweredLookups:
    """Takes the place of one query's `dns` method: same promise, but only from answers that are there already."""

    def __init__(self, query: spf.query, answers: _Answers) -> None:
        self._query = query
        self._answers = answers

    def dns(
        self, name: str, record_type: str, cnames: object = None, ignore_void: bool = False
    ) -> list[str] | list[list[bytes]] | list[tuple[int, str]]:
        """Records as pyspf wants them: TXT as lists of byte strings, MX as (preference, exchange)."""
        domain = find_ascii_domain(str(name))
        records: tuple[str, ...] = ()
        if domain is not None:
            question = (domain, RecordType(record_type))
            if question not in self._answers:
                raise _AnswerMissing(question)
            answer = self._answers[question]
            if isinstance(answer, TemporaryLookupError):
                raise spf.TempError(str(answer))
            records = answer
        if not records and not ignore_void:
            self._query.void_lookups += 1
            if self._query.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} lookups without an answer")
        if record_type == RecordType.TXT:
            short = [record for record in records if len(record) <= _RECORD_LIMIT_CHARACTERS]
            return [[record.encode("utf-8", "surrogateescape")] for record in short]
        if record_type == RecordType.MX:
            pairs = (record.split(maxsplit=1) for record in records)
            return [(int(preference), exchange.rstrip(".")) for preference, exchange in pairs]
        return [record.rstrip(".") for record in records]
