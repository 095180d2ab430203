"""DKIM signatures and ARC chains, good, broken and hostile."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.authentication.resolver import RecordType, TemporaryLookupError
from ingest.authentication.results import ArcResult, DkimResult
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.spf_check import SmtpConnection
from tests.unit.ingest.authentication.conftest import Check
from tests.unit.ingest.authentication.signing import MAIL, Records, SigningKey, dmarc, dns

FORWARDER = SmtpConnection("198.51.100.5", "lists.example", "bounces@lists.example")
TRUST_LISTS = AuthenticationSettings(trusted_arc_sealers=frozenset({"lists.example"}))
SEEN_GOOD = "dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example"


@pytest.mark.parametrize("header_rule", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body_rule", [b"simple", b"relaxed"])
async def test_a_signature_passes_in_every_canonicalisation(
    check: Check, key: SigningKey, header_rule: bytes, body_rule: bytes
) -> None:
    mail = key.sign(MAIL, "customer.example", canonicalize=(header_rule, body_rule))
    assert (await check(mail, dns(key.published("customer.example")))).dkim is DkimResult.PASS
    assert (await check(mail.replace(b"\r\n", b"\n"), dns(key.published("customer.example")))).dkim is DkimResult.PASS


async def test_a_replayed_signature_over_a_changed_body_fails(check: Check, key: SigningKey) -> None:
    mail = key.sign(MAIL, "customer.example").replace(b"fire engine", b"wire transfer")
    verdict = await check(mail, dns(key.published("customer.example")))
    assert (verdict.dkim, verdict.dkim_domains, verdict.aligned) == (DkimResult.FAIL, (), False)
    assert "the body was changed" in " ".join(verdict.explanation)


async def test_a_changed_subject_fails(check: Check, key: SigningKey) -> None:
    mail = key.sign(MAIL, "customer.example").replace(b"on fire", b"all right")
    assert (await check(mail, dns(key.published("customer.example")))).dkim is DkimResult.FAIL


async def test_a_field_added_to_an_oversigned_header_fails(check: Check, key: SigningKey) -> None:
    signed = key.sign(MAIL, "customer.example", include_headers=[b"from", b"from", b"subject", b"subject", b"reply-to"])
    resolver = dns(key.published("customer.example"))
    assert (await check(signed, resolver)).dkim is DkimResult.PASS
    assert (await check(b"Subject: Other\r\n" + signed, resolver)).dkim is DkimResult.FAIL
    assert (await check(b"Reply-To: x@evil.example\r\n" + signed, resolver)).dkim is DkimResult.FAIL


async def test_a_signature_that_leaves_the_end_of_the_body_open_does_not_count(check: Check, key: SigningKey) -> None:
    signed = key.sign(MAIL, "customer.example", length=True)
    resolver = dns(key.published("customer.example"))
    assert (await check(signed, resolver)).dkim is DkimResult.PASS
    assert (await check(signed + b"Click here.\r\n", resolver)).dkim is DkimResult.POLICY


async def test_one_valid_signature_among_broken_ones_is_enough(check: Check, key: SigningKey) -> None:
    mail = b"DKIM-Signature: v=1; a=rsa-sha256\r\n" + key.sign(MAIL, "customer.example")
    mail = key.sign(mail, "nokey.example")
    verdict = await check(mail, dns(key.published("customer.example")))
    assert (verdict.dkim, verdict.dkim_domains) == (DkimResult.PASS, ("customer.example",))


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ([], DkimResult.PERMERROR),
        (["v=DKIM1; p="], DkimResult.FAIL),
        (["v=DKIM1; k=rsa; p=%%%"], DkimResult.FAIL),
        (["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="], DkimResult.NEUTRAL),
        (["v=DKIM1; p=" + "A" * 100_000], DkimResult.PERMERROR),
        (TemporaryLookupError("no answer"), DkimResult.TEMPERROR),
    ],
)
async def test_a_key_that_cannot_be_used_is_no_pass(
    check: Check, key: SigningKey, record: list[str] | TemporaryLookupError, result: DkimResult
) -> None:
    table: Records = {("s1._domainkey.customer.example", RecordType.TXT): record}
    verdict = await check(key.sign(MAIL, "customer.example"), dns(table))
    assert verdict.dkim is result
    assert not verdict.aligned


async def test_a_key_too_short_to_be_safe_is_no_pass(check: Check) -> None:
    short = SigningKey.generate(bits=1024)
    weak = SigningKey(short.pem, short.record)
    assert (await check(weak.sign(MAIL, "c.example"), dns(weak.published("c.example")))).dkim is DkimResult.PASS
    mail = weak.sign(MAIL, "c.example").replace(b"a=rsa-sha256", b"a=rsa-sha1")
    assert (await check(mail, dns(weak.published("c.example")))).dkim is DkimResult.PERMERROR


async def test_a_signature_that_does_not_sign_from_is_no_pass(check: Check, key: SigningKey) -> None:
    mail = key.sign(MAIL, "customer.example", include_headers=[b"from", b"to"]).replace(b"h=from : to", b"h=to")
    assert (await check(mail, dns(key.published("customer.example")))).dkim is DkimResult.PERMERROR


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"v=1",
        b"\xff\xfe\x00;==;",
        b"v=1; a=rsa-sha256; d=c.example; s=s1; h=from; bh=AAAA; b=" + b"A" * 100_000,
        b"v=1; a=rsa-sha256; d=c.example; s=s1; h=from" + b" " * 50_000 + b"; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=c.example; s=s1; h=from" + b":x" * 3000 + b"; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=c.example; s=s1; h=from; t=" + b"9" * 5000 + b"; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=..; s=\x80; h=from; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=c.example; s=s1; c=no/such; h=from; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=c.example; s=s1; i=@other.example; h=from; bh=AAAA; b=AAAA",
    ],
)
async def test_a_malformed_signature_never_raises_and_never_passes(check: Check, key: SigningKey, field: bytes) -> None:
    for name in (b"DKIM-Signature", b"ARC-Message-Signature", b"ARC-Seal"):
        verdict = await check(name + b": " + field + b"\r\n" + MAIL, dns(key.published("c.example")))
        assert verdict.dkim is not DkimResult.PASS
        assert verdict.arc is not ArcResult.PASS


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b" \r\n", b"\x00" * 1000, b"no colon\r\n\r\n", b":\r\n\r\n", b"From: a@b.example", b"\xff" * 100],
)
async def test_no_bytes_make_the_check_raise(check: Check, raw: bytes) -> None:
    for mail in (raw, raw + b"\r\nDKIM-Signature: v=1\r\n\r\n", b"DKIM-Signature: v=1; d=a; s=b\r\n" + raw):
        verdict = await check(mail, dns())
        assert not verdict.aligned


async def test_thousands_of_signatures_cost_no_more_than_the_limit(check: Check, key: SigningKey) -> None:
    resolver = dns(key.published("customer.example"))
    field = key.sign(MAIL, "customer.example").removesuffix(MAIL).replace(b"d=customer.example", b"d=evil.example")
    verdict = await check(field * 1000 + MAIL, resolver)
    assert verdict.dkim is not DkimResult.PASS
    assert len(resolver.questions) < 10
    assert "992 further signatures were not looked at" in " ".join(verdict.explanation)


async def test_a_huge_header_or_body_is_not_hashed(check: Check, key: SigningKey) -> None:
    settings = AuthenticationSettings(header_limit_bytes=10_000, body_limit_bytes=10_000)
    resolver = dns(key.published("customer.example"))
    large_body = key.sign(MAIL + b"x" * 20_000, "customer.example")
    assert (await check(large_body, resolver, settings=settings)).dkim is DkimResult.PERMERROR
    large_header = await check(b"X: " + b"y" * 20_000 + b"\r\n" + MAIL, resolver, settings=settings)
    assert (large_header.from_domain, large_header.aligned) == (None, False)
    assert "the header is larger than 10000 bytes" in " ".join(large_header.explanation)


@pytest.mark.parametrize("filler", [b" " * 8_000_000, b"\t\r\n" * 2_000_000, b"\r\n" * 4_000_000, b"\r" * 8_000_000])
async def test_a_body_of_blanks_is_hashed_in_linear_time(check: Check, key: SigningKey, filler: bytes) -> None:
    mail = key.sign(MAIL, "customer.example", canonicalize=(b"relaxed", b"relaxed")) + filler + b"x\r\n"
    started = time.perf_counter()
    verdict = await check(mail, dns(key.published("customer.example")))
    assert verdict.dkim is DkimResult.FAIL
    assert time.perf_counter() - started < 10


async def test_a_chain_of_a_trusted_forwarder_proves_what_the_forwarder_saw(check: Check, key: SigningKey) -> None:
    changed = MAIL.replace(b"Subject: ", b"Subject: [list] ")
    mail = key.seal(changed, "lists.example", SEEN_GOOD)
    resolver = dns(key.published("lists.example"), dmarc("customer.example", "p=reject"))
    trusted = await check(mail, resolver, FORWARDER, TRUST_LISTS)
    assert (trusted.arc, trusted.aligned) == (ArcResult.PASS, True)
    stranger = await check(mail, resolver, FORWARDER)
    assert (stranger.arc, stranger.aligned) == (ArcResult.PASS, False)


@pytest.mark.parametrize(
    "results",
    [
        "dmarc=fail header.from=customer.example",
        "dmarc=pass header.from=other.example",
        "dkim=pass header.d=other.example",
        "spf=softfail smtp.mailfrom=anna@customer.example",
    ],
)
async def test_a_trusted_forwarder_that_saw_a_forgery_proves_nothing(
    check: Check, key: SigningKey, results: str
) -> None:
    mail = key.seal(MAIL, "lists.example", results)
    verdict = await check(mail, dns(key.published("lists.example")), FORWARDER, TRUST_LISTS)
    assert (verdict.arc, verdict.aligned) == (ArcResult.PASS, False)


async def test_a_chain_with_a_stranger_in_it_is_not_believed(check: Check, key: SigningKey) -> None:
    mail = key.seal(key.seal(MAIL, "evil.example", SEEN_GOOD), "lists.example", f"arc=pass; {SEEN_GOOD}")
    resolver = dns(key.published("lists.example"), key.published("evil.example"))
    verdict = await check(mail, resolver, FORWARDER, TRUST_LISTS)
    assert (verdict.arc, verdict.aligned) == (ArcResult.PASS, False)
    assert "sealed by evil.example, lists.example" in " ".join(verdict.explanation)


async def test_a_chain_breaks_when_the_mail_is_changed_after_the_seal(check: Check, key: SigningKey) -> None:
    sealed = key.seal(MAIL, "lists.example", SEEN_GOOD)
    resolver = dns(key.published("lists.example"))
    for old, new in ((b"fire engine", b"wire transfer"), (b"anna@", b"boss@"), (b"dkim=pass", b"dkim=none")):
        verdict = await check(sealed.replace(old, new), resolver, FORWARDER, TRUST_LISTS)
        assert (verdict.arc, verdict.aligned) == (ArcResult.FAIL, False)


async def test_a_sealers_key_that_cannot_be_looked_up_is_a_temperror(check: Check, key: SigningKey) -> None:
    late: Records = {("s1._domainkey.lists.example", RecordType.TXT): TemporaryLookupError("no answer")}
    verdict = await check(key.seal(MAIL, "lists.example", SEEN_GOOD), dns(late), FORWARDER, TRUST_LISTS)
    assert (verdict.arc, verdict.aligned) == (ArcResult.TEMPERROR, False)


@given(st.binary(max_size=400), st.sampled_from([b"", b"DKIM-Signature:", b"ARC-Seal: i=1;", b"From:"]))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_random_bytes_never_raise(check: Check, noise: bytes, name: bytes) -> None:
    assert not (await check(name + noise, dns())).aligned
    assert not (await check(MAIL.replace(b"Subject", name + noise + b"\r\nSubject"), dns())).aligned
