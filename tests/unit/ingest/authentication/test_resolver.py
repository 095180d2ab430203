"""The real resolver against a small name server on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ingest.authentication.resolver import DnsResolver, RecordType, TemporaryLookupError

ZONE = {
    ("text.example.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("mail.example.", "MX"): ["10 mx.mail.example."],
    ("mail.example.", "A"): ["192.0.2.1"],
    ("mail.example.", "AAAA"): ["2001:db8::1"],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["mail.example."],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers from ZONE; `silent.example` gets no answer, `broken.example` SERVFAIL, other names NXDOMAIN."""

    def __init__(self) -> None:
        self.questions = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | bytes, int]) -> None:
        self.questions += 1
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), question.to_text().split()[-1]
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if (name, kind) in ZONE:
            response.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *ZONE[name, kind]))
        elif name == "broken.example.":
            response.set_rcode(dns.rcode.SERVFAIL)
        elif not any(known == name for known, _ in ZONE):
            response.set_rcode(dns.rcode.NXDOMAIN)
        if name != "silent.example." and self.transport is not None:
            self.transport.sendto(response.to_wire(), addr)


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


@pytest.fixture
def resolver(server: NameServer) -> DnsResolver:
    assert server.transport is not None
    port = server.transport.get_extra_info("sockname")[1]
    return DnsResolver(["127.0.0.1"], port=port, lookup_timeout_seconds=0.3)


async def test_every_record_type_comes_as_text(resolver: DnsResolver) -> None:
    assert sorted(await resolver.lookup("text.example", RecordType.TXT)) == ["other", "v=spf1 -all"]
    assert await resolver.lookup("mail.example", RecordType.MX) == ("10 mx.mail.example.",)
    assert await resolver.lookup("mail.example", RecordType.A) == ("192.0.2.1",)
    assert await resolver.lookup("mail.example", RecordType.AAAA) == ("2001:db8::1",)
    assert await resolver.lookup("1.2.0.192.in-addr.arpa", RecordType.PTR) == ("mail.example.",)


@pytest.mark.parametrize("name", ["missing.example", "text.example", "a..b", "x" * 80 + ".example"])
async def test_a_name_without_such_records_has_none(resolver: DnsResolver, name: str) -> None:
    assert await resolver.lookup(name, RecordType.A) == ()


@pytest.mark.parametrize("name", ["silent.example", "broken.example"])
async def test_a_server_without_an_answer_is_a_temporary_error(resolver: DnsResolver, name: str) -> None:
    with pytest.raises(TemporaryLookupError):
        await resolver.lookup(name, RecordType.TXT)


async def test_an_answer_is_kept_for_its_time_to_live(resolver: DnsResolver, server: NameServer) -> None:
    for _ in range(5):
        await resolver.lookup("mail.example", RecordType.A)
    assert server.questions == 1
