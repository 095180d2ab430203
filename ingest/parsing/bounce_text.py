# ruff: noqa: E501 - tables of words read best one language or mailer a line
"""Who failed, by bounces told in prose: qmail, Exim, Postfix, Sendmail, Exchange, Domino, GroupWise, Courier and others.

No mailer has a rule of its own: the failed addresses are those that stand on a line of their own, behind a label, or
anywhere where there are no such; the reason is what stands beside and below them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.parsing.mail import BouncedRecipient

_RETURNED = re.compile(
    r"^\W{0,6}.{0,20}(?:below this line is a copy|(?:this is )?a copy of (?:the|your|all|mail)|original message (?:follows|headers?|below|text|was)|"
    r"(?:unsent|undelivered|returned|original) (?:message|mail)\b(?:.{0,40}(?:below|follows|headers?|---)|\W*$)|message (?:headers?|text|contents?|header) (?:follows?|follow)|"
    r"start of (?:returned|original)|included is a copy|(?:the )?(?:header|body) of the (?:original )?message|headers? (?:of|from) (?:the )?original|"
    r"return(?:ed|ing) (?:message|mail) (?:follows|below)|your (?:original )?message (?:follows|reads|was|headers)|received message|the text of the message)|"
    r"^\W{0,6}(?:return-path|received):",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = r"(?>[^\s<>()\[\],;:\"'=*`]+@[^\s<>()\[\],;:\"'`]*[^\s<>()\[\],;:\"'.`*])"
_ADDRESS_ANY = re.compile(_ADDRESS)
_ADDRESS_LINE = re.compile(
    rf"^[\s*•\-\"'>|]*(?:[45]\d\d[ -])?(?:(?:to|recipients?|user|addresse?e?s?|e-?mail|empfänger|original recipient|final recipient|failed recipient|rcpt to)\W{{0,4}}:?\s*)?"
    rf"(?:smtp:|rfc822;\s*|mailto:)?[<\"'(\[]{{0,2}}({_ADDRESS})[>\"')\]]{{0,2}}(?:<mailto:[^<>]{{0,300}}>)?(?:\s*\(.{{0,80}}\))?\s*"
    rf"(?:[:,;.\-].{{0,300}}|\.{{3}}.{{0,300}}|\(?\d{{3}}.{{0,300}}|on .{{0,80}})?$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    rf"(?:original-recipient|final-recipient|failed recipient|intended recipient|rcpt to|recipients?|addressee|your message to|to the following (?:recipient|address)\w*|mail to|delivered? to|deliver mail to|undeliverable to|(?:your|the following) (?:mail|message|e-mail) to|(?:user|mailbox|account|quota)[^\n@:]{{0,60}}:|e-?mail address)"
    rf"\W{{1,12}}(?:rfc822;\s*|smtp:)?<?({_ADDRESS})",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_STATUS = re.compile(r"(?<![\d.])[45]\d\d[ -]['\"(]?#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]\D")
_DELAYED = re.compile(
    r"delay|will (?:be )?(?:retr|try|continue)|not yet been delivered|still (?:being )?(?:trying|tried)|noch nicht zugestellt|verzöger",
    re.IGNORECASE,
)
_READ_CHARS = 20_000
_DIAGNOSTIC_LINES = 12


def read_prose(text: str, own: frozenset[str], *, loosely: bool) -> list[BouncedRecipient]:
    """The recipients a report in prose names, with the reply of the server that stands near each.

    `own` are addresses (lower case) that appear in every such report without having failed. `loosely`: where no address
    stands where reports name those that failed, any address in the text is taken for one.
    """
    report = text[:_READ_CHARS]
    returned = _RETURNED.search(report)
    if returned is not None and returned.start() > 0 and _ADDRESS_ANY.search(report[: returned.start()]):
        report = report[: returned.start()]
    lines = report.split("\n")
    delayed = _DELAYED.search(report) is not None and "fail" not in report.lower()
    found: dict[str, BouncedRecipient] = {}
    for pattern in (_ADDRESS_LINE, _LABELLED, _ADDRESS_ANY) if loosely else (_ADDRESS_LINE, _LABELLED):
        for index, line in enumerate(lines):
            if "@" not in line or len(line) > 1_000:
                continue
            for match in [pattern.match(line)] if pattern is _ADDRESS_LINE else pattern.finditer(line):
                if match is None:
                    continue
                address = match[1] if pattern is not _ADDRESS_ANY else match[0]
                key = address.lower()
                if key in own:
                    continue
                recipient = _recipient(address, lines, index, delayed)
                if key not in found or (found[key].status is None and recipient.status is not None):
                    found[key] = recipient
        if found:
            break
    shared = _STATUS.search("\n".join(lines))
    return [replace(it, status=shared[0]) if it.status is None and shared else it for it in found.values()]


def _recipient(address: str, lines: list[str], index: int, delayed: bool) -> BouncedRecipient:
    diagnostic = _reason(address, lines, index)
    status = find_status(diagnostic)
    local, _, domain = address.rpartition("@")
    return BouncedRecipient(
        address=f"{local}@{domain.lower()}",
        action="delayed" if delayed else "failed",
        status=status,
        diagnostic=diagnostic or None,
    )


def _reason(address: str, lines: list[str], index: int) -> str:
    """What stands behind an address and in the lines below it, up to a blank line behind the server's reply."""
    near = [lines[index].strip()]
    blanks = 0
    for line in lines[index + 1 : index + 1 + _DIAGNOSTIC_LINES]:
        if not line.strip():
            blanks += 1
            if _has_reply(near) or (blanks > 1 and len(near) > 1 and not _is_bare(near[0], address)):
                break
            continue
        if _ADDRESS_LINE.match(line) and not _REPLY_CODE.search(line):
            break
        near.append(line.strip())
    if len(near) > 1 and _is_bare(near[0], address):
        del near[0]
    return " ".join(near)[:1_000]


def _has_reply(lines: list[str]) -> bool:
    return any(_REPLY_CODE.search(line) or _STATUS.search(line) for line in lines)


def _is_bare(line: str, address: str) -> bool:
    """Nothing but this address, and punctuation."""
    return len(line.replace(address, "").replace("mailto:", "").strip("<>()[]:;,.\"' ")) < 3


def find_status(text: str | None) -> str | None:
    """The enhanced status code (RFC 3463) a text speaks of: that of an SMTP reply first, then any but the vague x.0.0."""
    if not text:
        return None
    reply = _REPLY_STATUS.search(text)
    if reply is not None:
        return reply[1]
    found = _STATUS.findall(text)
    return next((status for status in found if not status.endswith(".0.0")), found[0] if found else None)
