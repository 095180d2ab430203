"""Reading Authentication-Results fields (RFC 8601): believed only from the one service that is configured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import authres

from ingest.authentication.dmarc import is_proven
from ingest.authentication.domains import PublicSuffixes, find_ascii_domain
from ingest.authentication.results import (
    ArcResult,
    AuthenticationVerdict,
    DkimResult,
    DmarcResult,
    SpfResult,
    VerdictSource,
)

UNNAMED_AUTHSERV = "-"
"""Configured for mailboxes whose provider writes fields without an authserv-id, as Microsoft 365 does."""

_Word = TypeVar("_Word", SpfResult, DkimResult, DmarcResult, ArcResult)
_FIELD_LIMIT_CHARACTERS = 8192
_AUTHSERV_ID = re.compile(r"\s*([^\s;()]+)")
_UNNAMED_FIELD = re.compile(r"\s*(?:spf|dkim|dmarc|arc)\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Claim:
    method: str
    result: str
    properties: dict[str, str]


def read_authentication_results(
    headers: Sequence[str], authserv_id: str | None, from_domain: str | None, suffixes: PublicSuffixes
) -> AuthenticationVerdict:
    """The verdict in the values of a mail's Authentication-Results fields, given top-most first.

    Only the top-most field of the configured `authserv_id` is believed: the provider adds its field above everything
    that came with the mail, so whatever stands below may be forged. Nothing is believed when none is configured.
    """
    if authserv_id is None:
        return _nothing_known(from_domain, "no authserv-id is configured for this mailbox")
    for value in headers:
        if _find_authserv_id(value) == authserv_id.lower():
            claims = _read_claims(value)
            if claims is None:
                return _nothing_known(from_domain, f"the Authentication-Results field of {authserv_id} is unreadable")
            return _judge_claims(claims, from_domain, suffixes)
    return _nothing_known(from_domain, f"no Authentication-Results field of {authserv_id}")


def judge_sealed_results(value: str, from_domain: str, suffixes: PublicSuffixes) -> AuthenticationVerdict:
    """The verdict in the value of an ARC-Authentication-Results field, `i=1; id; …` (RFC 8617 section 4.1.1)."""
    claims = _read_claims(re.sub(r"^\s*i\s*=\s*\d+\s*;", "", value))
    return _judge_claims(claims or [], from_domain, suffixes)


def _judge_claims(claims: Sequence[_Claim], from_domain: str | None, suffixes: PublicSuffixes) -> AuthenticationVerdict:
    """Turn believed results into a verdict on `from_domain`."""
    spf = next((claim for claim in claims if claim.method == "spf"), None)
    signatures = [claim for claim in claims if claim.method == "dkim"]
    arc = next((claim for claim in claims if claim.method == "arc"), None)
    dmarc = next((claim for claim in claims if claim.method == "dmarc" and _is_about(claim, from_domain)), None)
    spf_result = _read_word(spf, SpfResult.NONE)
    dkim_results = [_read_word(claim, DkimResult.NEUTRAL) for claim in signatures]
    dmarc_result = _read_word(dmarc, DmarcResult.NONE)
    passed = [claim for claim, result in zip(signatures, dkim_results, strict=True) if result is DkimResult.PASS]
    dkim_domains = tuple(dict.fromkeys(domain for claim in passed if (domain := _find_domain(claim, "d", "i"))))
    proven = list(dkim_domains)
    if spf is not None and spf_result is SpfResult.PASS and (domain := _find_domain(spf, "mailfrom", "helo")):
        proven.append(domain)
    aligned = from_domain is not None and is_proven(from_domain, dmarc_result, proven, suffixes)
    return AuthenticationVerdict(
        source=VerdictSource.AUTHSERV,
        from_domain=from_domain,
        aligned=aligned,
        spf=spf_result,
        dkim=DkimResult.PASS if passed else next(iter(dkim_results), DkimResult.NONE),
        dkim_domains=dkim_domains,
        dmarc=dmarc_result,
        arc=_read_word(arc, ArcResult.NONE),
        explanation=tuple(f"{claim.method.upper()} {claim.result} by the provider's word" for claim in claims),
    )


def _find_authserv_id(value: str) -> str | None:
    """Whose field this is, in lower case: read apart from the rest, so that a result too odd to read hides nothing."""
    if _UNNAMED_FIELD.match(value):
        return UNNAMED_AUTHSERV
    match = _AUTHSERV_ID.match(value)
    return match.group(1).lower() if match else None


def _read_claims(value: str) -> list[_Claim] | None:
    """The results of a field; None when it cannot be read."""
    text = re.sub(r"[\r\n]+", "", value).strip()
    if len(text) > _FIELD_LIMIT_CHARACTERS:
        return None
    if _UNNAMED_FIELD.match(text):
        text = f"unnamed.invalid; {text}"
    try:
        header = authres.AuthenticationResultsHeader.parse_value(text)
    except Exception:  # noqa: BLE001 - authres raises RecursionError, ValueError and more on hostile fields
        return None
    return [
        _Claim(
            str(result.method),
            str(result.result),
            {str(item.name): str(item.value or "") for item in result.properties if item.type in ("smtp", "header")},
        )
        for result in header.results
    ]


def _read_word(claim: _Claim | None, default: _Word) -> _Word:
    """The claimed result; `default` without a claim and for words outside RFC 8601, such as "bestguesspass"."""
    if claim is None:
        return default
    try:
        return type(default)(claim.result)
    except ValueError:
        return default


def _is_about(claim: _Claim, from_domain: str | None) -> bool:
    """Whether a DMARC result counts for the domain: a pass must name it, a failure must not name another one."""
    named = claim.properties.get("from")
    if not named:
        return claim.result != DmarcResult.PASS
    return find_ascii_domain(named.rpartition("@")[2]) == from_domain


def _find_domain(claim: _Claim, *properties: str) -> str | None:
    values = (claim.properties.get(name) for name in properties)
    return next((find_ascii_domain(value.rpartition("@")[2]) for value in values if value), None)


def _nothing_known(from_domain: str | None, reason: str) -> AuthenticationVerdict:
    return AuthenticationVerdict(VerdictSource.NONE, from_domain, explanation=(reason,))
