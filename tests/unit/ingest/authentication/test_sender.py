"""What a mail over SMTP proves about its sender."""

from __future__ import annotations

import asyncio
import json

import pytest

from ingest.authentication.resolver import RecordType, StaticResolver, TemporaryLookupError
from ingest.authentication.results import DkimResult, DmarcResult, SpfResult, VerdictSource
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.spf_check import SmtpConnection
from tests.unit.ingest.authentication.conftest import Check
from tests.unit.ingest.authentication.signing import MAIL, Records, SigningKey, dmarc, dns, spf

STRANGER = SmtpConnection("203.0.113.66", "mail.evil.example", "x@evil.example")
EVIL_SPF = spf("evil.example", "ip4:203.0.113.66 -all")
GOOD_SPF = spf("customer.example", "ip4:192.0.2.0/24 -all")
REJECT = dmarc("customer.example", "p=reject")


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
async def test_an_spf_pass_for_the_from_domain_proves_it_under_every_policy(check: Check, policy: str) -> None:
    verdict = await check(MAIL, dns(GOOD_SPF, dmarc("customer.example", f"p={policy}")))
    assert (verdict.spf, verdict.dmarc, verdict.aligned) == (SpfResult.PASS, DmarcResult.PASS, True)
    assert verdict.from_domain == "customer.example"


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
async def test_a_forged_from_is_never_aligned_whatever_the_forger_proves_of_himself(
    check: Check, key: SigningKey, policy: str
) -> None:
    """alga#3242, breeze#1699"""
    resolver = dns(EVIL_SPF, key.published("evil.example"), dmarc("customer.example", f"p={policy}"), GOOD_SPF)
    verdict = await check(key.sign(MAIL, "evil.example"), resolver, STRANGER)
    assert (verdict.spf, verdict.dkim) == (SpfResult.PASS, DkimResult.PASS)
    assert (verdict.dmarc, verdict.aligned) == (DmarcResult.FAIL, False)


async def test_a_forged_from_without_any_policy_is_not_aligned(check: Check) -> None:
    verdict = await check(MAIL, dns(EVIL_SPF), STRANGER)
    assert (verdict.dmarc, verdict.aligned) == (DmarcResult.NONE, False)


async def test_without_a_policy_an_aligned_signature_proves_the_domain(check: Check, key: SigningKey) -> None:
    verdict = await check(key.sign(MAIL, "customer.example"), dns(key.published("customer.example")), STRANGER)
    assert (verdict.dkim, verdict.dkim_domains) == (DkimResult.PASS, ("customer.example",))
    assert (verdict.dmarc, verdict.aligned) == (DmarcResult.NONE, True)


@pytest.mark.parametrize(("mode", "aligned"), [("r", True), ("s", False)])
async def test_a_signature_of_a_subdomain_counts_only_where_alignment_is_relaxed(
    check: Check, key: SigningKey, mode: str, aligned: bool
) -> None:
    resolver = dns(key.published("news.customer.example"), dmarc("customer.example", f"p=reject; adkim={mode}"))
    verdict = await check(key.sign(MAIL, "news.customer.example"), resolver, STRANGER)
    assert verdict.dkim is DkimResult.PASS
    assert verdict.aligned is aligned


@pytest.mark.parametrize(("mode", "aligned"), [("r", True), ("s", False)])
async def test_spf_of_a_subdomain_counts_only_where_alignment_is_relaxed(
    check: Check, mode: str, aligned: bool
) -> None:
    connection = SmtpConnection("192.0.2.10", "mx", "bounce@b.customer.example")
    resolver = dns(spf("b.customer.example", "ip4:192.0.2.10 -all"), dmarc("customer.example", f"p=none; aspf={mode}"))
    assert (await check(MAIL, resolver, connection)).aligned is aligned


async def test_the_policy_of_the_organisation_holds_for_its_subdomains(check: Check) -> None:
    mail = MAIL.replace(b"anna@customer.example", b"anna@berlin.customer.example")
    verdict = await check(mail, dns(REJECT, EVIL_SPF), STRANGER)
    assert verdict.dmarc is DmarcResult.FAIL
    assert any("customer.example" in line for line in verdict.explanation)


async def test_a_domain_with_a_hyphen_is_not_aligned_with_its_first_part(check: Check, key: SigningKey) -> None:
    mail = MAIL.replace(b"customer.example", b"customer-two.example")
    verdict = await check(key.sign(mail, "customer.example"), dns(key.published("customer.example")), STRANGER)
    assert verdict.dkim is DkimResult.PASS
    assert not verdict.aligned


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"From: nobody\r\n",
        b"From: a@customer.example, b@evil.example\r\n",
        b"From: a@customer.example\r\nFrom: b@evil.example\r\n",
        b"From: undisclosed-recipients:;\r\n",
        b"From: " + b"x" * 10_000 + b"@customer.example\r\n",
    ],
)
async def test_a_from_field_that_does_not_name_one_domain_proves_nothing(check: Check, field: bytes) -> None:
    mail = field + MAIL.split(b"\r\n", 1)[1]
    verdict = await check(mail, dns(GOOD_SPF))
    assert (verdict.from_domain, verdict.aligned) == (None, False)


async def test_a_display_name_that_looks_like_an_address_does_not_count(check: Check) -> None:
    mail = MAIL.replace(b"Anna <anna@customer.example>", b'"boss@customer.example" <x@evil.example>')
    assert (await check(mail, dns(EVIL_SPF), STRANGER)).from_domain == "evil.example"


async def test_a_domain_with_umlauts_is_compared_in_its_ascii_form(check: Check) -> None:
    mail = MAIL.replace(b"customer.example", "müller.example".encode())
    connection = SmtpConnection("192.0.2.10", "mx", "anna@müller.example")
    verdict = await check(mail, dns(spf("xn--mller-kva.example", "ip4:192.0.2.10 -all")), connection)
    assert (verdict.from_domain, verdict.aligned) == ("xn--mller-kva.example", True)


async def test_behind_a_trusted_relay_spf_is_not_asked_but_a_signature_still_proves(
    check: Check, key: SigningKey
) -> None:
    relay = SmtpConnection("10.1.2.3", "relay.msp.example", "anna@customer.example")
    resolver = dns(spf("customer.example", "-all"), REJECT, key.published("customer.example"))
    signed = await check(key.sign(MAIL, "customer.example"), resolver, relay)
    assert (signed.spf, signed.source, signed.aligned) == (SpfResult.NONE, VerdictSource.CHECKED, True)
    unsigned = await check(MAIL, resolver, relay)
    assert (unsigned.source, unsigned.dmarc, unsigned.aligned) == (VerdictSource.NONE, DmarcResult.NONE, False)
    assert any("trusted relay" in line for line in unsigned.explanation)


async def test_a_relay_does_not_weaken_a_strict_policy(check: Check, key: SigningKey) -> None:
    relay = SmtpConnection("::ffff:127.0.0.1", "relay.msp.example", "")
    resolver = dns(key.published("x.customer.example"), dmarc("customer.example", "p=reject; adkim=s"))
    assert not (await check(key.sign(MAIL, "x.customer.example"), resolver, relay)).aligned


async def test_a_policy_that_cannot_be_looked_up_leaves_only_the_identical_domain_proven(
    check: Check, key: SigningKey
) -> None:
    late: Records = {("_dmarc.customer.example", RecordType.TXT): TemporaryLookupError("no answer")}
    resolver = dns(late, key.published("customer.example"), key.published("x.customer.example"))
    same = await check(key.sign(MAIL, "customer.example"), resolver, STRANGER)
    assert (same.dmarc, same.aligned) == (DmarcResult.TEMPERROR, True)
    other = await check(key.sign(MAIL, "x.customer.example"), resolver, STRANGER)
    assert (other.dmarc, other.aligned) == (DmarcResult.TEMPERROR, False)


async def test_a_dns_that_never_answers_ends_in_temperror_within_the_time_limit(check: Check, key: SigningKey) -> None:
    class SilentResolver:
        async def lookup(self, name: str, record_type: RecordType) -> tuple[str, ...]:
            await asyncio.Event().wait()
            return ()

    settings = AuthenticationSettings(check_timeout_seconds=0.05)
    verdict = await check(key.sign(MAIL, "customer.example"), SilentResolver(), settings=settings)
    assert verdict.spf is SpfResult.TEMPERROR
    assert verdict.dkim is DkimResult.TEMPERROR
    assert verdict.dmarc is DmarcResult.TEMPERROR
    assert not verdict.aligned


async def test_the_lookups_of_one_mail_are_limited(check: Check, key: SigningKey) -> None:
    resolver = StaticResolver()
    mail = MAIL
    for number in range(30):
        mail = key.sign(mail, f"d{number}.example")
    await check(mail, resolver, settings=AuthenticationSettings(lookup_limit=7, signature_limit=30))
    assert len(resolver.questions) == 7


async def test_a_verdict_is_plain_json(check: Check) -> None:
    verdict = await check(MAIL, dns(GOOD_SPF, REJECT))
    data = json.loads(json.dumps(verdict.as_json()))
    assert (data["spf"], data["dmarc"], data["aligned"], data["source"]) == ("pass", "pass", True, "checked")
