# ruff: noqa: E501 - tables of words read best one language or mailer a line
"""Bounces told in prose: qmail, Exim, Postfix, Sendmail, Exchange, Domino, GroupWise, Courier, webmailers and many more.

No mailer has a rule of its own. A mail sounds like a bounce when a mail system sends it and it speaks of failure; the
failed addresses are those that stand on a line of their own, beside words of failure, or before an SMTP reply.
"""

from __future__ import annotations

import re

from ingest.parsing.mail import BouncedRecipient, MailAddress

_SYSTEM_SENDER = re.compile(
    r"mailer[-_. ]?daemon|post ?master|mail[-_. ]?(?:delivery|admin|system|master|gateway|router)|delivery[-_. ]?(?:system|subsystem|status|agent|notif)|"
    r"mail\.delivery|mdaemon|mmdf|system attendant|microsoft ?exchange|internet ?mail ?(?:delivery|service)|symantec|bounce|"
    r"^(?:root|daemon|mailsweeper|autoresponder|non-?delivery|undeliver\w*|dsn|ndr|smtp|mta)@|mxlogic|emailsecurity|mail ?server|complaints@|"
    r"returned mail|mailsys|mail transport|mailagent|scanmail|自動|info@.*kddi|sys-?admin",
    re.IGNORECASE,
)
_FAILURE_SUBJECT = re.compile(
    r"undeliver(?:able|ed)|un-?deliverable|non[- ]?(?:deliver|remis)|not (?:be )?deliver|deliver\w* (?:\w+ ){0,3}(?:fail|status|problem|report|error|delay|notif|incomplet)|"
    r"(?:fail|error|problem|unable)\w* (?:\w+ ){0,3}(?:deliver|sending|send)|failure notice|failed mail|returned (?:mail|message|e-?mail|to sender)|"
    r"return(?:ing)? (?:message|mail) to sender|mail (?:delivery|failure|error|system error|could not|not deliver)|message (?:could not|not deliver|delay|status|you sent blocked)|"
    r"delivery (?:report|failed|notification)|dsn:|could not (?:be )?(?:send|sent|deliver)|cannot (?:be )?(?:send|sent|deliver)|bounce|user unknown|"
    r"unzustellbar|nicht zugestellt|nicht zustellbar|zustellung|unzustellbare|konnte nicht|rückläufer|mail ?delivery|échec|non remis|undelivered|"
    r"mancata consegna|notifica di (?:mancat|stato)|no se (?:ha )?(?:podido|pudo)|entrega|niet (?:be)?zorg|onbestelbaar|kunde inte|olevererbart|ikke lever|"
    r"не доставлен|не может быть доставлен|недоставлен|退信|系统退信|無法|エラーメール|配信|送信エラー|届け|warning: (?:could not|message)|"
    r"^(?:re: )?(?:rejected|blocked|refused)|failure|nondeliverable|email could not|quota|mailbox (?:full|unavailable)|mail rejected|message rejected",
    re.IGNORECASE,
)
_FAILURE_WORDS = re.compile(
    r"(?:could|can|did|was|were|has|have|is|are)\s*(?:not|n't|no)\s+(?:be\s+|been\s+|able\s+to\s+(?:be\s+)?)?(?:deliver|reach|send|sent|relay|complet|find|found|process|accept|exist)|"
    r"cannot (?:be )?(?:deliver|send|reach)|undeliver|unable to (?:be )?(?:deliver|relay|send|reach|complete)|deliver\w* (?:\w+ ){0,4}(?:fail|delay|abort|error|suspend|incomplete)|"
    r"failed (?:permanently|to deliver|recipient|address)|fail\w* (?:\w+ ){0,3}deliver|permanent(?:ly)? (?:error|fail|fatal)|fatal error|returned (?:mail|to sender|below)|"
    r"returning (?:it|message|your)|non-?deliver|no such (?:user|address|mailbox|recipient|domain|person|local)|user (?:is )?(?:unknown|not (?:found|known)|doesn't|does not)|"
    r"unknown (?:user|recipient|address|account|mailbox)|(?:mailbox|account|quota|inbox) (?:\w+ ){0,4}(?:full|exceed|unavailable|disabled|not found|inactive|suspended|unknown)|over (?:the )?quota|"
    r"recipients? (?:address )?(?:\w+ ){0,3}(?:reject|unknown|fail|not found|refus|invalid)|address(?:es)? (?:\w+ ){0,3}(?:fail|reject|not found|unknown|invalid|does not)|"
    r"message (?:\w+ ){0,4}(?:reject|refus|block|bounced|expired|too (?:large|big))|not listed in|retry time|timed? ?out|giving up|given up|host (?:unknown|not found|is unreachable)|"
    r"(?<!\d)[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}|\w)|\(#[45]\.\d\.\d\)|[45]\.\d\.\d{1,3}\b|"
    r"nicht (?:zugestellt|zustellbar|gefunden|erreicht|ausgeliefert)|unzustellbar|konnte (?:\w+ ){0,8}nicht|unbekannt|n'a (?:pas )?pu|non remis|impossible|"
    r"non (?:è stato|può|consegn)|no (?:se )?(?:pudo|puede|ha podido)|não (?:foi|pôde)|niet (?:worden )?(?:be)?zorg|kon niet|kunde inte|kunne ikke|"
    r"не (?:может|удалось|найден|доставлен)|не доставлено|退信|无法|無法|不存在|失敗|できません|できなかった|届けできません|見つかりません|存在しません|送信できません|受信できません|エラー",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"^\W{0,6}.{0,20}(?:below this line is a copy|(?:this is )?a copy of (?:the|your|all|mail)|original message (?:follows|headers?|below|text|was)|"
    r"(?:unsent|undelivered|returned|original) (?:message|mail)\b.{0,40}(?:below|follows|headers?|---|$)|message (?:headers?|text|contents?|header) (?:follows?|follow)|"
    r"start of (?:returned|original)|included is a copy|(?:the )?(?:header|body) of the (?:original )?message|headers? (?:of|from) (?:the )?original|"
    r"return(?:ed|ing) (?:message|mail) (?:follows|below)|your (?:original )?message (?:follows|reads|was|headers)|received message|the text of the message)|"
    r"^\W{0,6}(?:return-path|received):",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = r"[^\s<>()\[\],;:\"'=*`]+@[^\s<>()\[\],;:\"'`]*[^\s<>()\[\],;:\"'.`*]"
_ADDRESS_ANY = re.compile(_ADDRESS)
_ADDRESS_LINE = re.compile(
    rf"^[\s*•\-\"'>|]*(?:(?:to|recipients?|user|addresse?e?s?|e-?mail|empfänger|original recipient|final recipient|failed recipient|rcpt to)\W{{0,4}}:?\s*)?"
    rf"(?:smtp:|rfc822;\s*|mailto:)?[<\"'(\[]{{0,2}}({_ADDRESS})[>\"')\]]{{0,2}}(?:\s*\(.{{0,80}}\))?\s*(?:[:,;.\-].{{0,300}}|\.{{3}}.{{0,300}}|\(?\d{{3}}.{{0,300}}|on .{{0,80}})?$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    rf"(?:original-recipient|final-recipient|failed recipient|intended recipient|rcpt to|recipients?|addressee|your message to|to the following (?:recipient|address)\w*|mail to|delivered? to|deliver mail to|e-?mail address)"
    rf"\W{{1,12}}(?:rfc822;\s*|smtp:)?<?({_ADDRESS})",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]\D")
_DELAYED = re.compile(
    r"delay|will (?:be )?(?:retr|try|continue)|not yet been delivered|still (?:being )?(?:trying|tried)|noch nicht zugestellt|verzöger",
    re.IGNORECASE,
)
_AUTO_REPLY = re.compile(
    r"out of (?:the )?office|abwesen|vacation|auto(?:matic)?[- ]?repl|automatische antwort", re.IGNORECASE
)
_READ_CHARS = 20_000
_DIAGNOSTIC_LINES = 6


def sounds_like_bounce(named: dict[str, str], sender: MailAddress | None, text: str) -> bool:
    """A mail system is the sender (or nobody is), and the mail speaks of a delivery that failed or waits."""
    subject = named.get("subject", "")
    path = named.get("return-path", "-").replace(" ", "").lower()
    from_system = sender is not None and _SYSTEM_SENDER.search(f"{sender.name} {sender.address}") is not None
    from_system = from_system or (sender is not None and _SYSTEM_SENDER.search(sender.address) is not None)
    from_system = from_system or (sender is None and _SYSTEM_SENDER.search(named.get("from", "")) is not None)
    null_path = path == "<>" or "mailer-daemon" in path or "postmaster@" in path
    if not from_system and not null_path:
        return False
    if _AUTO_REPLY.search(subject):
        return False
    failing_subject = _FAILURE_SUBJECT.search(subject) is not None
    if not failing_subject and not from_system:
        # A null return path alone is what every automatic answer has.
        return (
            _names_failure(text) and _ADDRESS_ANY.search(text[:_READ_CHARS]) is not None and "in-reply-to" not in named
        )
    if failing_subject and (from_system or null_path):
        return True
    return _names_failure(text)


def _names_failure(text: str) -> bool:
    return _FAILURE_WORDS.search(text[:_READ_CHARS]) is not None


def read_prose(text: str, own: frozenset[str]) -> list[BouncedRecipient]:
    """The recipients a report in prose names, with the reply of the server that stands near each.

    `own` are addresses (lower case) that appear in every such report without having failed.
    """
    report = text[:_READ_CHARS]
    returned = _RETURNED.search(report)
    if returned is not None and returned.start() > 0 and _ADDRESS_ANY.search(report[: returned.start()]):
        report = report[: returned.start()]
    lines = report.split("\n")
    delayed = _DELAYED.search(report) is not None and "fail" not in report.lower()
    found: dict[str, BouncedRecipient] = {}
    for pattern in (_ADDRESS_LINE, _LABELLED, _ADDRESS_ANY):
        for index, line in enumerate(lines):
            if "@" not in line or len(line) > 1_000:
                continue
            for match in [pattern.match(line)] if pattern is _ADDRESS_LINE else pattern.finditer(line):
                if match is None:
                    continue
                address = match[1] if pattern is not _ADDRESS_ANY else match[0]
                key = address.lower()
                if key not in own and key not in found:
                    found[key] = _recipient(address, lines, index, delayed)
        if found:
            break
    return list(found.values())


def _recipient(address: str, lines: list[str], index: int, delayed: bool) -> BouncedRecipient:
    near: list[str] = [lines[index].strip()]
    for line in lines[index + 1 : index + 1 + _DIAGNOSTIC_LINES]:
        if not line.strip() and len(near) > 1:
            break
        if _ADDRESS_LINE.match(line) and not _REPLY_CODE.search(line):
            break
        if line.strip():
            near.append(line.strip())
    diagnostic = " ".join(near)[:1_000]
    status = _STATUS.search(diagnostic) or _STATUS.search("\n".join(lines)[:_READ_CHARS])
    local, _, domain = address.rpartition("@")
    return BouncedRecipient(
        address=f"{local}@{domain.lower()}",
        action="delayed" if delayed else "failed",
        status=status[0] if status else None,
        diagnostic=diagnostic or None,
    )
