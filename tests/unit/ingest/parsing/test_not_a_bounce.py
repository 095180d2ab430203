"""Mails of people and of other machines that look like bounces or automatic answers and are neither."""

from __future__ import annotations

import pytest

from ingest.parsing.mail import AutomaticReason
from ingest.parsing.parse import parse_mail


def mail_of(sender: str, subject: str, body: str, *fields: str) -> bytes:
    head = [f"From: {sender}", "To: hilfe@msp.example", f"Subject: {subject}", "Message-ID: <1@kunde.example>", *fields]
    return ("\n".join([*head, "Content-Type: text/plain; charset=utf-8", "", body])).encode()


ANNA = "Anna Muster <anna@kunde.example>"
POSTMASTER = "Postmaster <postmaster@kunde.example>"
CONVERSATIONS = {
    "asks about a bounce": mail_of(
        ANNA,
        "Delivery failed",
        "We get 'delivery failed' when mailing bert@partner.example, can you help?\n\nThanks\nAnna",
    ),
    "fragt nach einem Rückläufer": mail_of(
        ANNA,
        "Mail nicht zustellbar",
        "Hallo,\n\nMails an bert@partner.example sind unzustellbar: 550 5.1.1 User unknown. Was tun?\n\nGruß Anna",
        "Return-Path: <anna@kunde.example>",
    ),
    "quotes a whole bounce": mail_of(
        ANNA,
        "Fwd: Undelivered Mail Returned to Sender",
        "Please see below.\n\n> From: MAILER-DAEMON@mx.kunde.example\n> <bert@partner.example>: host mx said: 550 5.1.1\n"
        "> user unknown\n\nRegards\nAnna",
    ),
    "leitet einen Rückläufer weiter": mail_of(
        ANNA,
        "WG: Undelivered Mail Returned to Sender",
        "Bitte prüfen.\n\n-----Ursprüngliche Nachricht-----\nVon: Mail Delivery System <MAILER-DAEMON@mx.kunde.example>\n"
        "Gesendet: Montag, 2. März 2026 10:00\nAn: Anna\nBetreff: Undelivered Mail Returned to Sender\n\n"
        "<bert@partner.example>: host mx.partner.example said: 550 5.1.1 unknown user",
        "X-Mailer: Microsoft Outlook 16.0",
    ),
    "a postmaster writes himself": mail_of(
        POSTMASTER,
        "Mail delivery problems since Monday",
        "Hello team,\n\nmails to bert@partner.example are rejected with 550 5.7.1 since Monday. Can you check our SPF?\n\n"
        "Best regards\nBert Huber",
    ),
    "ein Postmaster schreibt selbst": mail_of(
        POSTMASTER,
        "Zustellung klappt nicht",
        "Guten Tag,\n\nunsere Mails kommen nicht an, Fehler: 550 5.7.1, Empfänger:\nbert@partner.example\n\n"
        "Mit freundlichen Grüßen\nBert Huber",
    ),
    "a postmaster answers a question": mail_of(
        POSTMASTER,
        "Re: [#42] Mail delivery failed for bert",
        "The user unknown error is gone, mailbox was full.\n\n> bert@partner.example\n> 552 quota exceeded",
        "In-Reply-To: <t42@msp.example>",
        "References: <t42@msp.example>",
    ),
    "an administrator with a mail client": mail_of(
        "Mail Admin <mailadmin@kunde.example>",
        "Failure sending to bert@partner.example",
        "Timeout after DATA. Log:\n\nbert@partner.example: 451 4.4.2 timed out",
        "User-Agent: Mozilla Thunderbird",
    ),
    "a sysadmin reports a full mailbox": mail_of(
        "Sysadmin <sysadmin@kunde.example>",
        "Mailbox full",
        "Hi,\n\nthe mailbox anna@kunde.example is full, please raise the quota to 50 GB.\n\nThanks",
    ),
    "encloses the report of a bounce": (
        b"From: Anna <anna@kunde.example>\nTo: hilfe@msp.example\nSubject: Fwd: Undeliverable: Offer\n"
        b"Message-ID: <2@kunde.example>\nUser-Agent: Mozilla Thunderbird\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWhat does this mean?\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        b"Final-Recipient: rfc822; bert@partner.example\nAction: failed\nStatus: 5.1.1\n--b--\n"
    ),
}
MACHINES = {
    "a disk fails": mail_of(
        "root <root@srv01.kunde.example>",
        "Disk failure on srv01",
        "Device /dev/sdb: FAILED SMART self-check. Back up your data.\nContact admin@kunde.example for help.",
    ),
    "eine Sicherung schlägt fehl": mail_of(
        "root@srv02.kunde.example",
        "Datensicherung konnte nicht abgeschlossen werden",
        "Job 'Nacht' auf srv02: Fehler 0x80070070, Ziel nicht gefunden.\nVerantwortlich: edv@kunde.example",
    ),
    "a backup without return path": mail_of(
        "Veeam <backup@kunde.example>",
        "[Failed] Job Exchange (3 objects)",
        "Error: unable to connect to repository, timed out. Owner is ops@kunde.example",
        "Return-Path: <>",
    ),
    "an invoice": mail_of(
        "Buchhaltung <rechnung@lieferant.example>",
        "Rechnung 2026-550",
        "Anbei die Rechnung. Betrag 550 EUR. Der letzte Einzug ist fehlgeschlagen.\nRückfragen: rechnung@lieferant.example",
    ),
    "a parcel": mail_of(
        "DHL <delivery-notification@paket.example>",
        "Zustellung Ihrer Sendung heute",
        "Ihre Sendung konnte gestern nicht zugestellt werden. Fragen an service@paket.example beantworten wir gern.",
    ),
    "a newsletter of a bouncing address": mail_of(
        "Newsletter <bounce-17@news.example>",
        "Delivery in 24 h, no failure",
        "Summer sale! Contact us at shop@news.example",
        "List-Unsubscribe: <https://news.example/u>",
        "Return-Path: <bounce-17@news.example>",
    ),
    "a quota warning": mail_of(
        "Sysadmin <sysadmin@kunde.example>",
        "Quota warning",
        "Volume D: is 95 % full. Ask storage@kunde.example for space.",
    ),
}


@pytest.mark.parametrize("raw", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_person_who_speaks_of_a_bounce_is_heard(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert mail.bounce is None
    assert mail.automatic is None


@pytest.mark.parametrize("raw", MACHINES.values(), ids=MACHINES.keys())
def test_a_machine_that_reports_another_failure_sends_no_bounce(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert mail.bounce is None
    assert mail.automatic is not AutomaticReason.BOUNCE


@pytest.mark.parametrize(
    "subject",
    ["Re: Urlaub", "Abwesenheit von Herrn X klären", "Abwesenheitsnotiz einrichten", "Abwesenheitsassistent geht nicht",
     "Urlaubsvertretung für Frau Huber einrichten", "AW: Automatische Antwort abschalten", "Out of office does not work",
     "Re: Out of office reply for info@", "Autoresponder funktioniert nicht", "Automatic reply rule needed",
     "Vacation message set-up for the new colleague", "Nicht im Büro erreichbar: Telefon tot", "Afwezig personeel",
     "Abwesenheitsmeldung für ausgeschiedene Mitarbeiterin", "Auto: Navi verbindet nicht mit Exchange",
     "OOO reply not sent to external senders", "Frånvaro i kalendern", "Poissa käytöstä: tulostin",
     "Read: please check my ticket", "Re: Automatic reply: Your order", "Lu: question"],
)  # fmt: skip
def test_a_subject_about_absence_is_no_automatic_answer(subject: str) -> None:
    assert parse_mail(mail_of(ANNA, subject, "Bitte um Hilfe.\n\nAnna")).automatic is None


@pytest.mark.parametrize(
    "subject",
    ["Automatische Antwort: Drucker", "Automatic reply: Printer", "Abwesenheitsnotiz", "Abwesenheitsnotiz: Ihre Mail",
     "Out of Office AutoReply: Printer", "Out of Office: Printer", "I am out of the office until May 5th",
     "Out of office until 5 May", "AutoReply: Printer", "Réponse automatique : Imprimante", "Risposta automatica: Stampante",
     "Respuesta automática: Impresora", "Autosvar: Skriver", "Ich bin derzeit im Urlaub", "Auto: Re: Printer",
     "Automatic reply", "Abwesend: Re: Drucker", "[Auto-Reply] Printer"],
)  # fmt: skip
def test_the_subject_of_an_automatic_answer_is_known_by_itself(subject: str) -> None:
    assert parse_mail(mail_of(ANNA, subject, "Ich bin nicht da.")).automatic is AutomaticReason.AUTO_REPLIED


@pytest.mark.parametrize(
    "fields",
    [("Return-Path: <>",), ("Return-Path: <>", "Auto-Submitted: auto-replied"), ("Auto-Submitted: auto-replied",)],
)
def test_an_absence_with_an_empty_return_path_is_no_bounce(fields: tuple[str, ...]) -> None:
    text = (
        "Guten Tag,\n\nich konnte Ihre Nachricht noch nicht lesen und bin bis 12.5.2026 nicht erreichbar.\n"
        "In dringenden Fällen: bert@kunde.example\n\nMit freundlichen Grüßen\nAnna Muster"
    )
    mail = parse_mail(mail_of(ANNA, "Ihre Nachricht", text, *fields))
    assert mail.bounce is None
    assert mail.automatic in (AutomaticReason.AUTO_REPLIED, AutomaticReason.AUTO_GENERATED)
