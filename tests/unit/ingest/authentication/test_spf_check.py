"""SPF on fed DNS answers."""

from __future__ import annotations

import pytest

from ingest.authentication.resolver import RecordType, TemporaryLookupError
from ingest.authentication.results import SpfResult
from ingest.authentication.spf_check import SmtpConnection, check_spf
from tests.unit.ingest.authentication.signing import CLIENT, Records, dns, spf

OTHERS: Records = {
    ("mx1.customer.example", RecordType.A): ["192.0.2.10"],
    ("customer.example", RecordType.MX): ["20 mx2.customer.example.", "10 mx1.customer.example."],
    ("mx2.customer.example", RecordType.A): ["192.0.2.99"],
    ("_spf.provider.example", RecordType.TXT): ["unrelated", "v=spf1 ip4:192.0.2.10 ~all"],
    ("10.2.0.192.in-addr.arpa", RecordType.PTR): ["mx1.customer.example."],
    ("anna.customer.example", RecordType.A): ["127.0.0.2"],
}


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("ip4:192.0.2.10 -all", SpfResult.PASS),
        ("mx -all", SpfResult.PASS),
        ("a:mx1.customer.example -all", SpfResult.PASS),
        ("include:_spf.provider.example -all", SpfResult.PASS),
        ("redirect=_spf.provider.example", SpfResult.PASS),
        ("ptr -all", SpfResult.PASS),
        ("exists:%{l}.%{d} -all", SpfResult.PASS),
        ("-all", SpfResult.FAIL),
        ("-all exp=explain.customer.example", SpfResult.FAIL),
        ("~all", SpfResult.SOFTFAIL),
        ("?all", SpfResult.NEUTRAL),
        ("ip4:not-an-address -all", SpfResult.PERMERROR),
        ("include:customer.example -all", SpfResult.PERMERROR),
        ("a:v1.example a:v2.example a:v3.example -all", SpfResult.PERMERROR),
        ("exists:%{d999999999999999999999999} -all", SpfResult.FAIL),
        ("exists:%{", SpfResult.PERMERROR),
    ],
)
async def test_records_are_evaluated(record: str, result: SpfResult) -> None:
    finding = await check_spf(CLIENT, dns(OTHERS, spf("customer.example", record)))
    assert finding.result is result
    assert finding.domain == "customer.example"


async def test_a_domain_without_a_record_gives_none() -> None:
    assert (await check_spf(CLIENT, dns())).result is SpfResult.NONE


async def test_the_null_sender_is_checked_by_its_helo_name() -> None:
    connection = SmtpConnection("192.0.2.10", "mx1.customer.example", "")
    finding = await check_spf(connection, dns(spf("mx1.customer.example", "a -all"), OTHERS))
    assert (finding.result, finding.domain) == (SpfResult.PASS, "mx1.customer.example")


@pytest.mark.parametrize("connection", [SmtpConnection("192.0.2.10", "[192.0.2.10]", ""), SmtpConnection("?", "", "x")])
async def test_a_connection_without_any_domain_gives_none(connection: SmtpConnection) -> None:
    assert (await check_spf(connection, dns())).result is SpfResult.NONE


async def test_an_ipv6_client_is_checked_by_ip6() -> None:
    connection = SmtpConnection("2001:db8::7", "mx", "anna@customer.example")
    finding = await check_spf(connection, dns(spf("customer.example", "ip6:2001:db8::/32 -all")))
    assert finding.result is SpfResult.PASS


async def test_no_answer_from_the_dns_is_a_temperror() -> None:
    for name in ("customer.example", "_spf.provider.example"):
        late: Records = {(name, RecordType.TXT): TemporaryLookupError("no answer")}
        table = dns(spf("customer.example", "include:_spf.provider.example -all"), late)
        assert (await check_spf(CLIENT, table)).result is SpfResult.TEMPERROR


async def test_two_records_are_a_permerror() -> None:
    two: Records = {("customer.example", RecordType.TXT): ["v=spf1 -all", "v=spf1 +all"]}
    assert (await check_spf(CLIENT, dns(two))).result is SpfResult.PERMERROR


async def test_a_client_address_that_is_none_does_not_raise() -> None:
    connection = SmtpConnection("not-an-address", "mx", "anna@customer.example")
    assert (await check_spf(connection, dns(spf("customer.example", "-all")))).result is SpfResult.PERMERROR
