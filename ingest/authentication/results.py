"""What was learned about the sender of a mail, as values. The words are those of RFC 8601 section 2.7."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SpfResult(StrEnum):
    """RFC 8601 section 2.7.2: may the connecting host send for the envelope sender's domain?"""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DkimResult(StrEnum):
    """RFC 8601 section 2.7.1. `POLICY`: the signature is right but does not cover enough to count."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DmarcResult(StrEnum):
    """RFC 7489 section 11.2. `NONE`: the domain publishes no policy, or the check was not possible here."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class ArcResult(StrEnum):
    """RFC 8617 section 4.4, and `TEMPERROR` when a sealer's key could not be looked up."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    TEMPERROR = "temperror"


class VerdictSource(StrEnum):
    """Where a verdict comes from: our own checks, the trusted provider's header field, or nowhere."""

    CHECKED = "checked"
    AUTHSERV = "authserv"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AuthenticationVerdict:
    """Whether the From domain is proven, and how that was found.

    `aligned` is the one answer that decisions use: DMARC passed; or the domain has no usable policy but an aligned DKIM
    or SPF pass; or sealers we trust saw one of these before they forwarded the mail. It speaks of `from_domain` only:
    the domain of every author address, in ASCII, or None when the From field names none or several.
    `dkim_domains` are the domains of valid signatures. `explanation` has one sentence a finding, for the mail receipt.
    """

    source: VerdictSource
    from_domain: str | None
    aligned: bool = False
    spf: SpfResult = SpfResult.NONE
    dkim: DkimResult = DkimResult.NONE
    dkim_domains: tuple[str, ...] = ()
    dmarc: DmarcResult = DmarcResult.NONE
    arc: ArcResult = ArcResult.NONE
    explanation: tuple[str, ...] = ()

    def as_json(self) -> dict[str, str | bool | list[str] | None]:
        """The verdict as plain JSON values, for the mail receipt."""
        return {
            "source": self.source.value,
            "from_domain": self.from_domain,
            "aligned": self.aligned,
            "spf": self.spf.value,
            "dkim": self.dkim.value,
            "dkim_domains": list(self.dkim_domains),
            "dmarc": self.dmarc.value,
            "arc": self.arc.value,
            "explanation": list(self.explanation),
        }
