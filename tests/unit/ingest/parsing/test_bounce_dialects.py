"""Delivery reports without the structure of RFC 3464, in the shapes mail systems give them: who, which status, why."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ingest.parsing.mail import AutomaticReason
from ingest.parsing.parse import parse_mail

US = "hilfe@msp.example"
RETURNED = f"Return-Path: <{US}>\nReceived: from msp.example by mx.msp.example; Mon, 2 Mar 2026 10:00:00 +0100\n" \
    f"Message-ID: <t42.7@msp.example>\nFrom: Hilfe <{US}>\nTo: bert@partner.example\nSubject: [#42] Drucker\n\nHallo\n"  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """One report, and what must be read from it."""

    sender: str
    subject: str
    body: str
    status: str | None
    diagnostic: str
    fields: tuple[str, ...] = ()
    address: str = "bert@partner.example"
    original: str | None = "t42.7@msp.example"
    action: str = "failed"

    @property
    def raw(self) -> bytes:
        head = [f"From: {self.sender}", f"To: {US}", f"Subject: {self.subject}", "Message-ID: <report@mx.example>"]
        return "\n".join([*head, *self.fields, "", self.body]).encode()


DIALECTS = {
    "qmail": Dialect(
        "MAILER-DAEMON@mx.partner.example",
        "failure notice",
        "Hi. This is the qmail-send program at mx.partner.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<bert@partner.example>:\n"
        "192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 No such user here\nGiving up on 192.0.2.7.\n\n"
        "--- Below this line is a copy of the message.\n\n" + RETURNED,
        "5.1.1",
        "550 5.1.1 No such user here",
        ("Return-Path: <>",),
    ),
    "qmail, local": Dialect(
        "MAILER-DAEMON@partner.example",
        "failure notice",
        "Hi. This is the qmail-send program at partner.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
        "<bert@partner.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n" + RETURNED,
        "5.1.1",
        "no mailbox here by that name",
    ),
    "exim": Dialect(
        "Mail Delivery System <Mailer-Daemon@mx.partner.example>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        "  bert@partner.example\n    host mx.partner.example [192.0.2.7]\n"
        "    SMTP error from remote mail server after RCPT TO:<bert@partner.example>:\n"
        "    550 5.2.1 Mailbox disabled\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED,
        "5.2.1",
        "550 5.2.1 Mailbox disabled",
        ("X-Failed-Recipients: bert@partner.example", "Auto-Submitted: auto-replied"),
    ),
    "exim, delayed": Dialect(
        "Mail Delivery System <Mailer-Daemon@mx.partner.example>",
        "Warning: message 1abc delayed 24 hours",
        "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours "
        "on the queue.\n\nThe address to which the message has not yet been delivered is:\n\n  bert@partner.example\n"
        "    Delay reason: 451 4.7.1 Greylisted\n\nNo action is required on your part. Delivery attempts will continue.\n",
        "4.7.1",
        "451 4.7.1 Greylisted",
        original=None,
        action="delayed",
    ),
    "postfix without its report": Dialect(
        "MAILER-DAEMON@mx.msp.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.msp.example.\n\nI'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. It's attached below.\n\n                   The mail system\n\n"
        "<bert@partner.example>: host mx.partner.example[192.0.2.7] said: 552 5.2.2\n"
        "    Mailbox over quota (in reply to RCPT TO command)\n\n" + RETURNED,
        "5.2.2",
        "552 5.2.2 Mailbox over quota",
    ),
    "sendmail": Dialect(
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.msp.example>",
        "Returned mail: see transcript for details",
        "The original message was received at Mon, 2 Mar 2026 10:00:00 +0100\nfrom msp.example [192.0.2.1]\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<bert@partner.example>\n"
        "    (reason: 550 5.1.1 <bert@partner.example>... User unknown)\n\n   ----- Transcript of session follows -----\n"
        "... while talking to mx.partner.example.:\n>>> DATA\n<<< 550 5.1.1 <bert@partner.example>... User unknown\n\n"
        "   ----- Original message follows -----\n" + RETURNED,
        "5.1.1",
        "550 5.1.1",
    ),
    "exchange 2003": Dialect(
        "System Administrator <postmaster@partner.example>",
        "Undeliverable: [#42] Drucker",
        "Your message\n\n  To:      bert@partner.example\n  Subject: [#42] Drucker\n  Sent:    Mon, 2 Mar 2026 10:00\n\n"
        "did not reach the following recipient(s):\n\nbert@partner.example on Mon, 2 Mar 2026 10:00:07 +0100\n"
        "    The e-mail account does not exist at the organization this message was sent to.\n"
        "    <mx.partner.example #5.1.1 smtp;550 5.1.1 unknown>\n",
        "5.1.1",
        "The e-mail account does not exist",
        original=None,
    ),
    "microsoft 365": Dialect(
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@partner.example>",
        "Unzustellbar: [#42] Drucker",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\n"
        "bert@partner.example<mailto:bert@partner.example>\n"
        "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n\n"
        "Diagnoseinformationen für Administratoren:\n\nGenerierender Server: AM0.eurprd01.prod.outlook.com\n\n"
        "bert@partner.example\nRemote server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found'\n\n"
        "Ursprüngliche Nachrichtenkopfzeilen:\n\n" + RETURNED,
        "5.1.10",
        "RESOLVER.ADR.RecipientNotFound",
        ("Return-Path: <>", "Content-Type: text/plain; charset=utf-8"),
    ),
    "domino": Dialect(
        "Postmaster <postmaster@partner.example>",
        "DELIVERY FAILURE: User bert (bert@partner.example) not listed in Domino Directory",
        "Your message\n\n  Subject: [#42] Drucker\n\nwas not delivered to:\n\n  bert@partner.example\n\nbecause:\n\n"
        "  User bert (bert@partner.example) not listed in Domino Directory\n",
        None,
        "not listed in Domino Directory",
        original=None,
    ),
    "gmx": Dialect(
        '"GMX Mailer Daemon" <mailer-daemon@gmx.example>',
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to\none or more of its recipients. The following addresses\n"
        "failed:\n\nbert@partner.example:\nSMTP error from remote server for RCPT TO command, host: mx.partner.example "
        "(192.0.2.7) reason: 550 5.1.1 user unknown\n\n--- The header of the original message is following. ---\n\n"
        + RETURNED,
        "5.1.1",
        "reason: 550 5.1.1 user unknown",
    ),
    "t-online": Dialect(
        "Mail Delivery System <MAILER-DAEMON@mailout.t-online.example>",
        "Undelivered Mail Returned to Sender",
        "|------------------------- Message log follows: -------------------------|\n no valid recipients were found\n"
        "|------------------------- Failed addresses follow: ---------------------|\n"
        " <bert@partner.example> ... 550 5.1.1 unknown mailbox\n"
        "|------------------------- Message text follows: ------------------------|\n" + RETURNED,
        "5.1.1",
        "550 5.1.1 unknown mailbox",
    ),
    "yahoo": Dialect(
        "MAILER-DAEMON@yahoo.example",
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<bert@partner.example>:\n"
        "554: delivery error: dd This user doesn't have a partner.example account (bert@partner.example) [0] - mta1\n\n"
        "--- Below this line is a copy of the message.\n\n" + RETURNED,
        None,
        "delivery error: dd This user doesn't have",
    ),
    "gmail": Dialect(
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     bert@partner.example\n\n"
        "Technical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected.\n\n"
        "The error that the other server returned was:\n550 5.7.1 Message refused by policy\n\n"
        "----- Original message -----\n\n" + RETURNED,
        "5.7.1",
        "550 5.7.1 Message refused by policy",
        ("X-Failed-Recipients: bert@partner.example",),
    ),
    "courier": Dialect(
        '"Courier mail server at mx.msp.example" <@mx.msp.example>',
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.msp.example,\nrunning the Courier mail server.\n\n"
        "                           UNDELIVERABLE MAIL\n\n"
        "Your message to the following recipients cannot be delivered:\n\n<bert@partner.example>:\n"
        "    mx.partner.example [192.0.2.7]:\n>>> RCPT TO:<bert@partner.example>\n<<< 550 5.1.1 User unknown\n",
        "5.1.1",
        "550 5.1.1 User unknown",
        ("Return-Path: <>",),
        original=None,
    ),
    "verizon": Dialect(
        "post_master@vtext.example",
        "Re:Drucker",
        "Error: Invalid user address\n\nError message below:\n550 - Requested action not taken: no such user here\n\n"
        "Message details:\n  Subject: Drucker\n  MAIL FROM: hilfe@msp.example\n  RCPT TO: bert@partner.example\n",
        None,
        "RCPT TO: bert@partner.example",
        ("In-Reply-To: <t42.7@msp.example>",),
        original=None,
    ),
    "dragonfly": Dialect(
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        "This is the DragonFly Mail Agent v0.13 at msp.example.\n\n"
        "There was an error delivering your mail to <bert@partner.example>.\n\n"
        "mx.partner.example [192.0.2.7] did not like our RCPT TO:\n550 5.1.1 <bert@partner.example>: unknown\n\n"
        "Message headers follow.\n\n" + RETURNED,
        "5.1.1",
        "550 5.1.1",
        ("X-Original-To: <bert@partner.example>",),
    ),
    "groupwise": Dialect(
        "Mailer-Daemon@partner.example",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tbert@partner.example (mailbox is full)\n",
        None,
        "mailbox is full",
        original=None,
    ),
    "postfix, english prose without a code": Dialect(
        "Mail Delivery System <MAILER-DAEMON@mx.msp.example>",
        "Undelivered Mail Returned to Sender",
        "<bert@partner.example>: Host or domain name not found. Name service error for\n"
        "    name=partner.example type=MX: Host not found\n",
        None,
        "Host or domain name not found. Name service error for name=partner.example",
        original=None,
    ),
    "postmaster in French": Dialect(
        "Postmaster <postmaster@partner.example>",
        "Non remis : [#42] Drucker",
        "Échec de la remise pour ces destinataires :\n\nbert@partner.example\n"
        "L'adresse n'a pas pu être trouvée. 550 5.1.1 inconnu\n",
        "5.1.1",
        "550 5.1.1 inconnu",
        ("Return-Path: <>", "Content-Type: text/plain; charset=utf-8"),
        original=None,
    ),
    "amazon ses": Dialect(
        "SES <no-reply@sns.amazonaws.example>",
        "AWS Notification Message",
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        '"bert@partner.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},'
        '"mail":{"messageId":"0101-ses","commonHeaders":{"messageId":"<t42.7@msp.example>"}}}\n\n--\nUnsubscribe: …\n',
        "5.1.1",
        "550 5.1.1 user unknown",
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_a_report_in_prose_names_who_failed_and_why(dialect: Dialect) -> None:
    mail = parse_mail(dialect.raw)
    assert mail.automatic is AutomaticReason.BOUNCE
    assert mail.bounce is not None
    assert [(it.address, it.action, it.status) for it in mail.bounce.recipients] == [
        (dialect.address, dialect.action, dialect.status)
    ]
    assert dialect.diagnostic in (mail.bounce.recipients[0].diagnostic or "")
    assert mail.bounce.original_message_id == dialect.original


def test_each_failed_address_has_its_own_reason() -> None:
    body = (
        "This is the mail system at host mx.\n\n<a@x.example>: host mx.x.example said: 550 5.1.1 unknown\n\n"
        "<b@y.example>: host mx.y.example said: 552 5.2.2 over quota\n\n"
    )
    mail = parse_mail(Dialect("MAILER-DAEMON@mx.example", "Undelivered Mail", body, None, "").raw)
    assert mail.bounce is not None
    assert [(it.address, it.status) for it in mail.bounce.recipients] == [
        ("a@x.example", "5.1.1"),
        ("b@y.example", "5.2.2"),
    ]


def test_the_reply_of_the_server_is_more_exact_than_a_vague_status() -> None:
    report = (
        "This is it.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        "Final-Recipient: rfc822; bert@partner.example\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 550-5.7.26 not accepted\n550 5.7.26 by policy\n--b--\n"
    )
    raw = Dialect(
        "MAILER-DAEMON@mx.example", "Undelivered", f"--b\n\n{report}", "5.7.26", "",
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b",),
    ).raw  # fmt: skip
    mail = parse_mail(raw)
    assert mail.bounce is not None
    assert mail.bounce.recipients[0].status == "5.7.26"
    assert mail.bounce.recipients[0].diagnostic == "550-5.7.26 not accepted 550 5.7.26 by policy"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_no_failure(action: str) -> None:
    report = (
        f"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; bert@partner.example\nAction: {action}\nStatus: 2.0.0\n"
    )
    raw = Dialect(
        "MAILER-DAEMON@mx.example", "Successful Mail Delivery Report",
        f"--b\n\nok\n--b\nContent-Type: message/delivery-status\n\n{report}\n--b--\n", "2.0.0", "",
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b",),
    ).raw  # fmt: skip
    mail = parse_mail(raw)
    assert mail.bounce is not None
    assert not mail.bounce.is_failure
    assert mail.automatic is AutomaticReason.BOUNCE
