"""DMARC (RFC 7489): the policy of the From domain, and what proves that domain."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ingest.authentication.domains import PublicSuffixes
from ingest.authentication.resolver import RecordType, Resolver
from ingest.authentication.results import DmarcResult


@dataclass(frozen=True, slots=True)
class DmarcPolicy:
    """A published policy: the action wanted for failing mails, and whether aligned means identical (strict)."""

    published_at: str
    action: str
    strict_dkim: bool
    strict_spf: bool


async def find_policy(from_domain: str, resolver: Resolver, suffixes: PublicSuffixes) -> DmarcPolicy | None:
    """The policy at the domain, else at its organisational domain (section 6.6.3); raises `TemporaryLookupError`."""
    organisation = suffixes.get_organisational_domain(from_domain)
    for domain in dict.fromkeys((from_domain, organisation)):
        records = await resolver.lookup(f"_dmarc.{domain}", RecordType.TXT)
        policies = [tags for record in records if (tags := _read_tags(record)).get("v") == "DMARC1"]
        if len(policies) == 1:
            tags = policies[0]
            action = tags.get("sp") if domain != from_domain else None
            return DmarcPolicy(
                published_at=domain,
                action=(action or tags.get("p") or "none").lower(),
                strict_dkim=tags.get("adkim", "r").lower() == "s",
                strict_spf=tags.get("aspf", "r").lower() == "s",
            )
        if policies:
            return None  # several policies count as none
    return None


def passes_policy(
    from_domain: str,
    policy: DmarcPolicy,
    *,
    spf_domain: str | None,
    dkim_domains: Collection[str],
    suffixes: PublicSuffixes,
) -> bool:
    """Whether an SPF pass (for `spf_domain`) or a valid signature is aligned as the policy demands (section 3.1)."""
    by_spf = spf_domain is not None and suffixes.is_aligned(spf_domain, from_domain, strict=policy.strict_spf)
    return by_spf or any(suffixes.is_aligned(domain, from_domain, strict=policy.strict_dkim) for domain in dkim_domains)


def is_proven(from_domain: str, dmarc: DmarcResult, proven_domains: Collection[str], suffixes: PublicSuffixes) -> bool:
    """Whether the From domain is proven, given the DMARC result and the domains that passed SPF or DKIM.

    Without a usable policy a relaxed alignment is enough. While the policy cannot be looked up, only the identical
    domain is: that passes under every policy.
    """
    if dmarc in (DmarcResult.PASS, DmarcResult.FAIL):
        return dmarc is DmarcResult.PASS
    strict = dmarc is DmarcResult.TEMPERROR
    return any(suffixes.is_aligned(domain, from_domain, strict=strict) for domain in proven_domains)


def _read_tags(record: str) -> dict[str, str]:
    """The tags of a record that begins with v=DMARC1, in the order of appearance; a broken tag is left out."""
    pairs = [part.partition("=") for part in record[:4096].split(";")]
    tags = {name.strip().lower(): value.strip() for name, separator, value in pairs if separator}
    return tags if next(iter(tags), None) == "v" else {}
