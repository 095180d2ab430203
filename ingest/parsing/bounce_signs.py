# ruff: noqa: E501 - tables of words read best one language or mailer a line
"""Does a mail without the structure of a delivery report tell of a delivery that failed? By sender, subject and text.

A mailer daemon is believed at a word of failure. Senders that people and other machines use as well (postmaster, root, an
empty return path) are believed when they also name a recipient and nothing shows that a person wrote the mail.
"""

from __future__ import annotations

import re

from ingest.parsing.mail import MailAddress

_MAILER_DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail delivery (?:sub-?)?system|mail delivery service|mail delivery agent|system attendant",
    re.IGNORECASE,
)
_SYSTEM_SENDER = re.compile(
    r"post[-_. ]?master|mail[-_. ]?(?:delivery|admin|system|master|gateway|router)|delivery[-_. ]?(?:system|subsystem|status|agent|notif)|"
    r"mail\.delivery|mdaemon|mmdf|system attendant|microsoft ?exchange|internet ?mail ?(?:delivery|service)|symantec|bounce|"
    r"\b(?:root|daemon|mailsweeper|autoresponder|non-?delivery|undeliver\w*|dsn|ndr|smtp|mta)@|mxlogic|emailsecurity|mail ?server|complaints@|"
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
_AUTO_REPLY = re.compile(
    r"out of (?:the )?office|abwesen|vacation|auto(?:matic)?[- ]?repl|automatische antwort", re.IGNORECASE
)
_ANSWER_SUBJECT = re.compile(r"\s*(?:re|aw|antw|sv|fwd?|wg|tr|rif|rv|i)\s*(?:\[\d+\])?:", re.IGNORECASE)
_MAIL_CLIENT = re.compile(
    r"thunderbird|apple mail|iphone mail|ipad mail|microsoft (?:office )?outlook|macoutlook|outlook-ios|evolution|kmail|mutt|the bat|"
    r"roundcube|horde|squirrelmail|sogo|zimbra|open-xchange|claws|em ?client|webmail",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"\s{0,20}(?:hallo|hi|hey|guten (?:tag|morgen|abend)|sehr geehrte|liebe[rs]?|moin|servus|grüß|grüezi|dear (?:team|support|mr|ms|mrs|colleague)|hello|"
    r"good (?:morning|afternoon)|bonjour|buongiorno|hola)\b[^.\n]{0,60}(?:,|!|\n)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s{0,20}(?:mit (?:freundlich|best|lieb)\w+ gr(?:ü|ue)(?:ß|ss)\w*|(?:viele|beste|liebe|schöne) grüße|freundliche grüße|gruß|mfg|lg|vg|"
    r"(?:best|kind|warm) regards|cheers|thanks|thank you|danke|cordialement|cordiali saluti|saludos)\b.{0,30}$",
    re.IGNORECASE | re.MULTILINE,
)
_READ_CHARS = 20_000


def may_report(named: dict[str, str], sender: MailAddress | None) -> bool:
    """Whether the sender is one that reports on deliveries: the cheap look before the text is read."""
    who, path = _who(named, sender), _path(named)
    return path == "<>" or "postmaster@" in path or "mailer-daemon" in path or _is_system(who)


def _who(named: dict[str, str], sender: MailAddress | None) -> str:
    return f"{sender.name} {sender.address}" if sender is not None else named.get("from", "")


def _path(named: dict[str, str]) -> str:
    return named.get("return-path", "-").replace(" ", "").lower()


def _is_system(who: str) -> bool:
    return _MAILER_DAEMON.search(who) is not None or _SYSTEM_SENDER.search(who) is not None


def sounds_like_bounce(named: dict[str, str], sender: MailAddress | None, text: str, *, names_recipient: bool) -> bool:
    """`text` is the whole text of the body; `names_recipient`: it names an address that failed, in the way reports do."""
    subject = named.get("subject", "")
    if _AUTO_REPLY.search(subject):
        return False
    who, path = _who(named, sender), _path(named)
    has_failing_subject = _FAILURE_SUBJECT.search(subject) is not None
    names_failure = _FAILURE_WORDS.search(text[:_READ_CHARS]) is not None
    if _MAILER_DAEMON.search(who) or "mailer-daemon" in path:
        return has_failing_subject or names_failure
    is_null_path = path == "<>" or "postmaster@" in path
    if not is_null_path and _SYSTEM_SENDER.search(who) is None:
        return False
    if not names_recipient or not (has_failing_subject or names_failure) or seems_personal(named, text):
        return False
    # An empty return path alone is what every automatic answer has.
    return has_failing_subject or _SYSTEM_SENDER.search(who) is not None or "in-reply-to" not in named


def seems_personal(named: dict[str, str], text: str) -> bool:
    """A person wrote or passed on this mail: a mail client sent it, or it greets and closes as people do."""
    if _MAILER_DAEMON.search(named.get("from", "")):
        return False
    if named.get("return-path", "-").replace(" ", "") == "<>" or named.get("auto-submitted", "no").lower() != "no":
        return False
    if any(_MAIL_CLIENT.search(named.get(name, "")) for name in ("x-mailer", "user-agent")):
        return True
    if _ANSWER_SUBJECT.match(named.get("subject", "")) and "in-reply-to" in named and "references" in named:
        return True
    head = text[:_READ_CHARS]
    return _GREETING.match(head) is not None or _CLOSING.search(head) is not None
