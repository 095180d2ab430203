"""DKIM signatures (RFC 6376, 8301) and ARC chains (RFC 8617), verified by dkimpy on keys that were fetched before."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

import dkim
from dkim.canonicalization import CanonicalizationPolicy
from dkim.util import InvalidTagValueList, parse_tag_value

from ingest.authentication.domains import find_ascii_domain
from ingest.authentication.resolver import RecordType, Resolver, TemporaryLookupError
from ingest.authentication.results import ArcResult, DkimResult
from ingest.authentication.settings import AuthenticationSettings
from ingest.authentication.signed_message import SignedMessage

# dkimpy's patterns are quadratic in runs of white space and its RSA is as slow as the key is long.
_FIELD_LIMIT_BYTES = 8192
_LONG_BLANK = re.compile(rb"\s{64}")
_KEY_LIMIT_CHARACTERS = 2048
_SIGNED_NAMES_LIMIT = 200

_ARC_NAMES = (b"arc-seal", b"arc-message-signature", b"arc-authentication-results")
_KEPT_ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})
_WORST_LAST = (
    DkimResult.PASS,
    DkimResult.TEMPERROR,
    DkimResult.POLICY,
    DkimResult.FAIL,
    DkimResult.NEUTRAL,
    DkimResult.PERMERROR,
)
_Keys = Mapping[bytes, bytes | TemporaryLookupError | None]


@dataclass(frozen=True, slots=True)
class DkimFinding:
    """The best result of all signatures, the domains of the valid ones and a sentence for each."""

    result: DkimResult
    domains: tuple[str, ...]
    explanation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArcFinding:
    """The state of the chain. With `PASS`: its sealers, first to last, and what the first of them saw (an
    Authentication-Results value). A newest signature that leaves From or a part of the body open is no `PASS`."""

    result: ArcResult
    sealers: tuple[str, ...]
    first_results: str
    explanation: tuple[str, ...]


_NO_SIGNATURE = DkimFinding(DkimResult.NONE, (), ())
_NO_CHAIN = ArcFinding(ArcResult.NONE, (), "", ())


async def check_signatures(
    message: SignedMessage, resolver: Resolver, settings: AuthenticationSettings
) -> tuple[DkimFinding, ArcFinding]:
    """Verify the top-most DKIM signatures, up to the limit, and the ARC chain. Never raises for what the mail holds."""
    signatures = message.get_values(b"dkim-signature")
    arc_fields = [value for name in _ARC_NAMES for value in message.get_values(name)]
    if not signatures and not arc_fields:
        return _NO_SIGNATURE, _NO_CHAIN
    if message.defect is not None:
        reason = (f"signatures not checked: {message.defect}",)
        dkim_result = DkimResult.PERMERROR if signatures else DkimResult.NONE
        arc_result = ArcResult.FAIL if arc_fields else ArcResult.NONE
        return DkimFinding(dkim_result, (), reason), ArcFinding(arc_result, (), "", ())
    chain_too_long = len(arc_fields) > len(_ARC_NAMES) * settings.signature_limit
    keys = await _fetch_keys(signatures[: settings.signature_limit] + ([] if chain_too_long else arc_fields), resolver)
    verification = _Verification(message, keys, settings)
    if len(message.body) > settings.inline_limit_bytes:
        return await asyncio.to_thread(verification.run)
    return verification.run()


async def _fetch_keys(values: list[bytes], resolver: Resolver) -> _Keys:
    names = {name for value in values if (name := _find_key_name(value)) is not None}

    async def fetch(name: bytes) -> bytes | TemporaryLookupError | None:
        domain = find_ascii_domain(name.decode("utf-8", "replace"))
        if domain is None:
            return None
        try:
            records = await resolver.lookup(domain, RecordType.TXT)
        except TemporaryLookupError as error:
            return error
        keys = [record for record in records if "p=" in record and len(record) <= _KEY_LIMIT_CHARACTERS]
        return keys[0].encode("ascii", "replace") if keys else None

    ordered = sorted(names)
    return dict(zip(ordered, await asyncio.gather(*map(fetch, ordered)), strict=True))


def _find_key_name(value: bytes) -> bytes | None:
    """The name of the key in DNS, spelled as dkimpy asks for it; None for a field that is not to be verified."""
    tags = _find_tags(value)
    if tags is None or b"s" not in tags or b"d" not in tags:
        return None
    return tags[b"s"] + b"._domainkey." + tags[b"d"] + b"."


def _find_tags(value: bytes) -> dict[bytes, bytes] | None:
    if len(value) > _FIELD_LIMIT_BYTES or _LONG_BLANK.search(value):
        return None
    try:
        tags: dict[bytes, bytes] = parse_tag_value(value)
    except InvalidTagValueList:
        return None
    return tags


class _Verification:
    """The part that computes: no lookups, no waiting."""

    def __init__(self, message: SignedMessage, keys: _Keys, settings: AuthenticationSettings) -> None:
        self._message = message
        self._keys = keys
        self._settings = settings
        self._relaxed_body: bytes | None = None
        self._logger = logging.Logger("dkimpy", logging.CRITICAL)  # a forged mail is no error of ours

    def run(self) -> tuple[DkimFinding, ArcFinding]:
        return self._verify_signatures(), self._verify_chain()

    def _verify_signatures(self) -> DkimFinding:
        values = self._message.get_values(b"dkim-signature")
        if not values:
            return _NO_SIGNATURE
        limit = self._settings.signature_limit
        results: list[DkimResult] = []
        domains: list[str] = []
        explanation: list[str] = []
        for index, value in enumerate(values[:limit]):
            result, detail = self._verify_signature(index, value)
            domain = (_find_tags(value) or {}).get(b"d", b"?").decode("ascii", "replace").lower()
            results.append(result)
            explanation.append(f"DKIM {result.value}: signature of {domain}{f' ({detail})' if detail else ''}")
            if result is DkimResult.PASS and domain not in domains:
                domains.append(domain)
        if len(values) > limit:
            explanation.append(f"DKIM: {len(values) - limit} further signatures were not looked at")
        return DkimFinding(min(results, key=_WORST_LAST.index), tuple(domains), tuple(explanation))

    def _verify_signature(self, index: int, value: bytes) -> tuple[DkimResult, str]:
        tags = _find_tags(value)
        if tags is None:
            return DkimResult.NEUTRAL, "the field is too long or no tag list"
        if tags.get(b"a") not in _KEPT_ALGORITHMS:
            return DkimResult.PERMERROR, "the algorithm is unknown or no longer accepted"
        if not _signs_from(tags):
            return DkimResult.PERMERROR, "From is not signed, or too many names are"
        key_name = _find_key_name(value)
        if key_name is None or self._keys.get(key_name) is None:
            return DkimResult.PERMERROR, "there is no usable key in DNS"
        signer = self._prepare(dkim.DKIM(logger=self._logger), tags.get(b"c", b"simple/simple"))
        try:
            if not signer.verify(idx=index, dnsfunc=self._find_key):
                return DkimResult.FAIL, "the signature does not match"
            return self._judge_length(tags, signer.body)
        except TemporaryLookupError as error:
            return DkimResult.TEMPERROR, str(error)
        except (dkim.NaClNotFoundError, dkim.UnknownKeyTypeError):
            return DkimResult.NEUTRAL, "the key type is not supported"
        except dkim.ValidationError as error:
            changed = str(error).startswith("body hash mismatch")
            return (DkimResult.FAIL, "the body was changed") if changed else (DkimResult.PERMERROR, str(error)[:200])
        except Exception as error:  # noqa: BLE001 - dkimpy raises anything from IndexError to UnicodeError on hostile mails
            return DkimResult.PERMERROR, f"not verifiable: {type(error).__name__}"

    def _judge_length(self, tags: dict[bytes, bytes], body: bytes) -> tuple[DkimResult, str]:
        """A valid signature with l= lets anyone append text: it counts only if it covers the whole body."""
        if b"l" in tags:
            policy = CanonicalizationPolicy.from_c_value(tags.get(b"c"))
            if int(tags[b"l"]) < len(policy.canonicalize_body(body)):
                return DkimResult.POLICY, "only the beginning of the body is signed"
        return DkimResult.PASS, ""

    def _verify_chain(self) -> ArcFinding:
        fields = [value for name in _ARC_NAMES for value in self._message.get_values(name)]
        if not fields:
            return _NO_CHAIN
        if len(fields) > len(_ARC_NAMES) * self._settings.signature_limit:
            return _broken_chain("the chain is too long")
        if any(len(value) > _FIELD_LIMIT_BYTES or _LONG_BLANK.search(value) for value in fields):
            return _broken_chain("a field is too long")
        signatures = [_find_tags(value) or {} for value in self._message.get_values(b"arc-message-signature")]
        newest = max(signatures, key=_get_instance, default={})
        if not _signs_from(newest) or b"l" in newest:
            return _broken_chain("the newest signature leaves From or a part of the body open")
        try:
            signer = self._prepare(dkim.ARC(logger=self._logger), newest.get(b"c", b"relaxed/relaxed"))
            state, links, comment = signer.verify(dnsfunc=self._find_key)
            if state != dkim.CV_Pass:
                return _broken_chain(str(comment)[:200])
            sealers = tuple(link["as-domain"].decode("ascii").lower() for link in reversed(links))
            first_results = links[-1]["aar-value"].decode("utf-8", "replace").strip()
        except TemporaryLookupError as error:
            return ArcFinding(ArcResult.TEMPERROR, (), "", (f"ARC temperror: {error}",))
        except Exception as error:  # noqa: BLE001 - as above
            return _broken_chain(f"not verifiable: {type(error).__name__}")
        return ArcFinding(ArcResult.PASS, sealers, first_results, (f"ARC pass: sealed by {', '.join(sealers)}",))

    def _prepare(self, signer: dkim.DomainSigner, canonicalization: bytes) -> dkim.DomainSigner:
        """Hand over the cut message. A body that is to be relaxed comes with single blanks already: dkimpy's own
        pattern would take quadratic time on long runs of them, and canonicalising twice changes nothing."""
        signer.headers = list(self._message.fields)
        signer.body = self._message.body
        if canonicalization.endswith(b"/relaxed"):
            if self._relaxed_body is None:
                self._relaxed_body = re.sub(rb"[\t ]+", b" ", self._message.body).replace(b" \r\n", b"\r\n")
            signer.body = self._relaxed_body
        return signer

    def _find_key(self, name: bytes, timeout: float = 0) -> bytes | None:
        """dkimpy's dnsfunc; the time-out is not needed, for the answer is there."""
        key = self._keys.get(name)
        if isinstance(key, TemporaryLookupError):
            raise key
        return key


def _signs_from(tags: dict[bytes, bytes]) -> bool:
    names = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
    return b"from" in names and len(names) <= _SIGNED_NAMES_LIMIT


def _get_instance(tags: dict[bytes, bytes]) -> int:
    instance = tags.get(b"i", b"")
    return int(instance) if instance.isdigit() and len(instance) < 4 else 0


def _broken_chain(reason: str) -> ArcFinding:
    return ArcFinding(ArcResult.FAIL, (), "", (f"ARC fail: {reason}",))
