"""Which Authentication-Results fields of a fetched mail are believed, and what they prove."""

from __future__ import annotations

import pytest

from ingest.authentication.authserv import UNNAMED_AUTHSERV, read_authentication_results
from ingest.authentication.domains import PublicSuffixes
from ingest.authentication.results import ArcResult, DkimResult, DmarcResult, SpfResult, VerdictSource

OURS = "mx.msp.example"
PASSED = (
    f"{OURS};\r\n\tdkim=pass (2048-bit key) header.i=@customer.example header.s=s1 header.b=abcd;\r\n"
    "\tspf=pass (ok) smtp.mailfrom=anna@customer.example; dmarc=pass (p=REJECT) header.from=customer.example"
)
FAILED = f"{OURS}; spf=pass smtp.mailfrom=x@evil.example; dkim=none; dmarc=fail header.from=customer.example"


def test_the_providers_results_prove_the_from_domain(suffixes: PublicSuffixes) -> None:
    verdict = read_authentication_results([PASSED], OURS, "customer.example", suffixes)
    assert (verdict.source, verdict.aligned) == (VerdictSource.AUTHSERV, True)
    assert (verdict.spf, verdict.dkim, verdict.dmarc) == (SpfResult.PASS, DkimResult.PASS, DmarcResult.PASS)
    assert verdict.dkim_domains == ("customer.example",)


def test_nothing_is_believed_while_no_authserv_id_is_configured(suffixes: PublicSuffixes) -> None:
    verdict = read_authentication_results([PASSED], None, "customer.example", suffixes)
    assert (verdict.source, verdict.aligned, verdict.dmarc) == (VerdictSource.NONE, False, DmarcResult.NONE)


@pytest.mark.parametrize("identity", ["mx.evil.example", "msp.example", f"{OURS}.evil.example", f"x{OURS}"])
def test_a_field_of_another_service_is_not_believed(suffixes: PublicSuffixes, identity: str) -> None:
    verdict = read_authentication_results([PASSED.replace(OURS, identity)], OURS, "customer.example", suffixes)
    assert (verdict.source, verdict.aligned) == (VerdictSource.NONE, False)


def test_a_forged_field_below_the_providers_own_is_not_believed(suffixes: PublicSuffixes) -> None:
    foreign = "gateway.example; spf=pass smtp.mailfrom=x@customer.example"
    for fields in ([FAILED, PASSED], [foreign, FAILED, PASSED], [FAILED, foreign, PASSED]):
        verdict = read_authentication_results(fields, OURS, "customer.example", suffixes)
        assert (verdict.source, verdict.dmarc, verdict.aligned) == (VerdictSource.AUTHSERV, DmarcResult.FAIL, False)


def test_a_forged_field_cannot_add_a_method_the_provider_did_not_check(suffixes: PublicSuffixes) -> None:
    only_spf = f"{OURS}; spf=softfail smtp.mailfrom=x@customer.example"
    verdict = read_authentication_results([only_spf, PASSED], OURS, "customer.example", suffixes)
    assert (verdict.spf, verdict.dmarc, verdict.aligned) == (SpfResult.SOFTFAIL, DmarcResult.NONE, False)


@pytest.mark.parametrize(
    ("results", "aligned"),
    [
        ("dkim=pass header.d=customer.example", True),
        ("dkim=pass header.d=mail.customer.example", True),
        ("dkim=fail header.d=customer.example", False),
        ("dkim=pass header.d=evil.example", False),
        ("dkim=pass header.d=evil.example; dkim=pass header.d=customer.example", True),
        ("spf=pass smtp.mailfrom=customer.example", True),
        ("spf=pass smtp.mailfrom=bounce@b.customer.example", True),
        ("spf=softfail smtp.mailfrom=customer.example", False),
        ("spf=pass smtp.helo=customer.example", True),
        ("dkim=pass header.d=customer.example; dmarc=fail header.from=customer.example", False),
        ("dmarc=pass header.from=evil.example", False),
        ("dmarc=bestguesspass header.from=customer.example; dkim=pass header.d=customer.example", True),
        ("dmarc=temperror header.from=customer.example; dkim=pass header.d=x.customer.example", False),
        ("dmarc=temperror header.from=customer.example; dkim=pass header.d=customer.example", True),
        ("none", False),
    ],
)
def test_without_a_dmarc_result_an_aligned_pass_is_enough(
    suffixes: PublicSuffixes, results: str, aligned: bool
) -> None:
    verdict = read_authentication_results([f"{OURS}; {results}"], OURS, "customer.example", suffixes)
    assert verdict.aligned is aligned


def test_a_mail_without_a_from_domain_is_never_aligned(suffixes: PublicSuffixes) -> None:
    assert not read_authentication_results([PASSED], OURS, None, suffixes).aligned


def test_microsofts_fields_without_an_authserv_id_are_believed_where_configured(suffixes: PublicSuffixes) -> None:
    field = (
        "spf=pass (sender IP is 192.0.2.10)\r\n smtp.mailfrom=customer.example; dkim=pass (signature was verified)\r\n"
        " header.d=customer.example;dmarc=pass action=none\r\n header.from=customer.example;compauth=pass reason=100"
    )
    verdict = read_authentication_results([field], UNNAMED_AUTHSERV, "customer.example", suffixes)
    assert (verdict.dmarc, verdict.dkim, verdict.aligned) == (DmarcResult.PASS, DkimResult.PASS, True)
    assert not read_authentication_results([field], OURS, "customer.example", suffixes).aligned
    assert not read_authentication_results([PASSED], UNNAMED_AUTHSERV, "customer.example", suffixes).aligned


def test_the_providers_arc_result_is_reported(suffixes: PublicSuffixes) -> None:
    verdict = read_authentication_results([f"{OURS}; arc=pass (i=1)"], OURS, "customer.example", suffixes)
    assert (verdict.arc, verdict.aligned) == (ArcResult.PASS, False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        OURS,
        f"{OURS};",
        f"{OURS}; dmarc",
        f"{OURS}; dmarc=pass header.from=",
        f"{OURS} 2; dmarc=pass header.from=customer.example",
        f"{OURS}; (" + "(" * 5000,
        f"{OURS}; " + "dkim=pass; " * 5000,
        f'{OURS}; dmarc=pass header.from="',
        "\x00\udcff",
    ],
)
def test_a_malformed_field_never_raises_and_proves_nothing(suffixes: PublicSuffixes, value: str) -> None:
    assert not read_authentication_results([value], OURS, "customer.example", suffixes).aligned


def test_a_field_of_the_provider_that_cannot_be_read_does_not_give_way_to_a_forged_one(
    suffixes: PublicSuffixes,
) -> None:
    for unreadable in (f"{OURS}; " + "dkim=fail; " * 5000, f"{OURS}; dkim=fail ((", f"{OURS.upper()};"):
        verdict = read_authentication_results([unreadable, PASSED], OURS, "customer.example", suffixes)
        assert (verdict.source, verdict.aligned) == (VerdictSource.NONE, False)
