"""The check of a mail that came over SMTP: SPF, DKIM, DMARC and ARC, asked of the DNS at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from ingest.authentication.authserv import judge_sealed_results
from ingest.authentication.dmarc import DmarcPolicy, find_policy, is_proven, passes_policy
from ingest.authentication.domains import PublicSuffixes
from ingest.authentication.resolver import BudgetedResolver, Resolver, TemporaryLookupError
from ingest.authentication.results import (
    ArcResult,
    AuthenticationVerdict,
    DkimResult,
    DmarcResult,
    SpfResult,
    VerdictSource,
)
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.signatures import ArcFinding, DkimFinding, check_signatures
from ingest.authentication.signed_message import SignedMessage, cut_message
from ingest.authentication.spf_check import SmtpConnection, SpfFinding, check_spf, find_spf_domain

_Finding = TypeVar("_Finding")


async def authenticate(
    raw: bytes,
    connection: SmtpConnection,
    resolver: Resolver,
    suffixes: PublicSuffixes,
    settings: AuthenticationSettings,
) -> AuthenticationVerdict:
    """Check who sent a mail. Never raises for what mail or DNS contain; what takes too long is a temperror.

    A client in a trusted relay network is not asked for SPF, for the relay is not the sender. If no signature proves
    the sender either, nothing is known about it and the verdict's source is `NONE`.
    """
    message = (
        await asyncio.to_thread(cut_message, raw, settings) if _is_large(raw, settings) else cut_message(raw, settings)
    )
    from_domain = message.find_from_domain()
    relayed = settings.is_trusted_relay(connection.client_ip)
    lookups = BudgetedResolver(resolver, settings.lookup_limit)
    seconds = settings.check_timeout_seconds
    spf, (dkim, arc), policy = await asyncio.gather(
        _skip_spf() if relayed else _within(seconds, check_spf(connection, lookups), _late_spf(connection)),
        _within(seconds, check_signatures(message, lookups, settings), _LATE_SIGNATURES),
        _within(seconds, _look_up_policy(from_domain, lookups, suffixes), _LATE_POLICY),
    )
    dmarc = _evaluate_dmarc(from_domain, policy, spf, dkim, suffixes)
    aligned = False
    if from_domain is not None:
        spf_domains = [spf.domain] if spf.result is SpfResult.PASS and spf.domain else []
        aligned = is_proven(from_domain, dmarc, [*dkim.domains, *spf_domains], suffixes)
        aligned = aligned or _is_vouched_for(arc, from_domain, suffixes, settings)
    if relayed and dmarc is DmarcResult.FAIL:
        dmarc = DmarcResult.NONE  # the mail may well have passed by SPF where it entered
    return AuthenticationVerdict(
        source=VerdictSource.NONE if relayed and not aligned else VerdictSource.CHECKED,
        from_domain=from_domain,
        aligned=aligned,
        spf=spf.result,
        dkim=dkim.result,
        dkim_domains=dkim.domains,
        dmarc=dmarc,
        arc=arc.result,
        explanation=(
            *((spf.explanation,) if spf.explanation else ()),
            *dkim.explanation,
            *arc.explanation,
            _explain_dmarc(message, from_domain, policy, dmarc),
        ),
    )


def _is_large(raw: bytes, settings: AuthenticationSettings) -> bool:
    return len(raw) > settings.inline_limit_bytes


async def _within(seconds: float, check: Awaitable[_Finding], late: _Finding) -> _Finding:
    try:
        async with asyncio.timeout(seconds):
            return await check
    except TimeoutError:
        return late


async def _skip_spf() -> SpfFinding:
    return SpfFinding(SpfResult.NONE, None, "SPF not checked: the client is a trusted relay")


def _late_spf(connection: SmtpConnection) -> SpfFinding:
    return SpfFinding(SpfResult.TEMPERROR, find_spf_domain(connection), "SPF temperror: the check took too long")


_LATE_SIGNATURES = (
    DkimFinding(DkimResult.TEMPERROR, (), ("DKIM temperror: the check took too long",)),
    ArcFinding(ArcResult.TEMPERROR, (), "", ()),
)
_LATE_POLICY = TemporaryLookupError("the lookup of the policy took too long")


async def _look_up_policy(
    from_domain: str | None, resolver: Resolver, suffixes: PublicSuffixes
) -> DmarcPolicy | TemporaryLookupError | None:
    if from_domain is None:
        return None
    try:
        return await find_policy(from_domain, resolver, suffixes)
    except TemporaryLookupError as error:
        return error


def _evaluate_dmarc(
    from_domain: str | None,
    policy: DmarcPolicy | TemporaryLookupError | None,
    spf: SpfFinding,
    dkim: DkimFinding,
    suffixes: PublicSuffixes,
) -> DmarcResult:
    if from_domain is None:
        return DmarcResult.PERMERROR
    if policy is None:
        return DmarcResult.NONE
    if isinstance(policy, TemporaryLookupError):
        return DmarcResult.TEMPERROR
    spf_domain = spf.domain if spf.result is SpfResult.PASS else None
    if passes_policy(from_domain, policy, spf_domain=spf_domain, dkim_domains=dkim.domains, suffixes=suffixes):
        return DmarcResult.PASS
    unsure = spf.result is SpfResult.TEMPERROR or dkim.result is DkimResult.TEMPERROR
    return DmarcResult.TEMPERROR if unsure else DmarcResult.FAIL


def _is_vouched_for(
    arc: ArcFinding, from_domain: str, suffixes: PublicSuffixes, settings: AuthenticationSettings
) -> bool:
    """Whether only forwarders we trust sealed the mail and the first of them saw the From domain proven."""
    trusted = bool(arc.sealers) and all(sealer in settings.trusted_arc_sealers for sealer in arc.sealers)
    return trusted and judge_sealed_results(arc.first_results, from_domain, suffixes).aligned


def _explain_dmarc(
    message: SignedMessage,
    from_domain: str | None,
    policy: DmarcPolicy | TemporaryLookupError | None,
    result: DmarcResult,
) -> str:
    if from_domain is None:
        return f"DMARC permerror: {message.defect or 'From does not name exactly one domain'}"
    if policy is None:
        return f"DMARC none: {from_domain} publishes no policy"
    if isinstance(policy, TemporaryLookupError):
        return f"DMARC temperror: {policy}"
    return f"DMARC {result.value}: {from_domain}, policy {policy.action} at {policy.published_at}"
