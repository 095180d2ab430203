"""Answers as mail programs write them: the new text is shown, the history below is folded, inline answers keep context."""

from __future__ import annotations

import pytest

from ingest.parsing.parse import parse_mail

HEAD = "From: Anna <anna@kunde.example>\nTo: hilfe@msp.example\nSubject: Re: Drucker\nMessage-ID: <1@kunde.example>\n"
NEW = "Danke, das hat geholfen."
OLD = "Bitte den Drucker neu starten."


def shown(body: str, kind: str = "plain") -> tuple[str, str]:
    mail = parse_mail((HEAD + f"Content-Type: text/{kind}; charset=utf-8\n\n" + body).encode())
    assert OLD in mail.body.full_text
    return mail.body.text, mail.body.quoted


ATTRIBUTIONS = {
    "gmail en": "On Mon, Mar 2, 2026 at 10:00 AM Hilfe <hilfe@msp.example> wrote:",
    "gmail de": "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Hilfe <hilfe@msp.example>:",
    "gmail fr": "Le lun. 2 mars 2026 à 10:00, Hilfe <hilfe@msp.example> a écrit :",
    "gmail it": "Il giorno lun 2 mar 2026 alle ore 10:00 Hilfe <hilfe@msp.example> ha scritto:",
    "gmail es": "El lun, 2 mar 2026 a las 10:00, Hilfe (<hilfe@msp.example>) escribió:",
    "gmail de, wrapped": "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Hilfe <\nhilfe@msp.example>:",
    "apple en": "On 2. Mar 2026, at 10:00, Hilfe <hilfe@msp.example> wrote:",
    "apple de": "Am 02.03.2026 um 10:00 schrieb Hilfe <hilfe@msp.example>:",
    "apple fr": "Le 2 mars 2026 à 10:00, Hilfe <hilfe@msp.example> a écrit :",
    "apple it": "Il giorno 2 mar 2026, alle ore 10:00, Hilfe <hilfe@msp.example> ha scritto:",
    "apple es": "El 2 mar 2026, a las 10:00, Hilfe <hilfe@msp.example> escribió:",
    "thunderbird en": "On 02.03.26 10:00, Hilfe wrote:",
    "thunderbird de": "Am 02.03.26 um 10:00 schrieb Hilfe:",
    "thunderbird fr": "Le 02/03/2026 à 10:00, Hilfe a écrit :",
    "thunderbird it": "Il 02/03/2026 10:00, Hilfe ha scritto:",
    "thunderbird es": "El 2/3/26 a las 10:00, Hilfe escribió:",
    "proton en": "On Monday, March 2nd, 2026 at 10:00, Hilfe <hilfe@msp.example> wrote:",
    "proton de": "Am Montag, 2. März 2026 um 10:00, schrieb Hilfe <hilfe@msp.example>:",
    "proton fr": "Le lundi 2 mars 2026 à 10:00, Hilfe <hilfe@msp.example> a écrit :",
    "proton it": "Il lunedì 2 marzo 2026 10:00, Hilfe <hilfe@msp.example> ha scritto:",
    "proton es": "El lunes, 2 de marzo de 2026 a las 10:00, Hilfe <hilfe@msp.example> escribió:",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize("blank", ["\n", "\n\n"], ids=["tight", "loose"])
def test_an_attributed_history_is_folded(attribution: str, blank: str) -> None:
    text, quoted = shown(f"{NEW}\n\n{attribution}{blank}> {OLD}\n> Ihr Team\n")
    assert text == NEW
    assert OLD in quoted


OUTLOOKS = {
    "en": "From: Hilfe <hilfe@msp.example>\nSent: Monday, March 2, 2026 10:00 AM\nTo: Anna <anna@kunde.example>\nSubject: Drucker",
    "de": "Von: Hilfe <hilfe@msp.example>\nGesendet: Montag, 2. März 2026 10:00\nAn: Anna <anna@kunde.example>\nBetreff: Drucker",
    "fr": "De : Hilfe <hilfe@msp.example>\nEnvoyé : lundi 2 mars 2026 10:00\nÀ : Anna <anna@kunde.example>\nObjet : Drucker",
    "it": "Da: Hilfe <hilfe@msp.example>\nInviato: lunedì 2 marzo 2026 10:00\nA: Anna <anna@kunde.example>\nOggetto: Drucker",
    "es": "De: Hilfe <hilfe@msp.example>\nEnviado: lunes, 2 de marzo de 2026 10:00\nPara: Anna <anna@kunde.example>\nAsunto: Drucker",
}
RULES = ["", "________________________________\n", "-----Ursprüngliche Nachricht-----\n", "-----Original Message-----\n",
         "-----Message d'origine-----\n", "-----Messaggio originale-----\n", "-----Mensaje original-----\n"]  # fmt: skip


@pytest.mark.parametrize("header", OUTLOOKS.values(), ids=OUTLOOKS.keys())
@pytest.mark.parametrize("rule", RULES)
def test_a_history_below_the_header_of_outlook_is_folded(header: str, rule: str) -> None:
    text, quoted = shown(f"{NEW}\n\n{rule}{header}\n\n{OLD}\n")
    assert text == NEW
    assert OLD in quoted


@pytest.mark.parametrize("header", OUTLOOKS.values(), ids=OUTLOOKS.keys())
def test_a_header_of_outlook_in_bold_is_known(header: str) -> None:
    bold = "\n".join(f"*{line.partition(':')[0]}:*{line.partition(':')[2]}" for line in header.split("\n"))
    assert shown(f"{NEW}\n\n{bold}\n\n{OLD}\n")[0] == NEW


HTMLS = {
    "gmail": '<div dir="ltr">{new}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Am Mo., 2. März 2026 um '
    '10:00 Uhr schrieb Hilfe &lt;<a href="mailto:hilfe@msp.example">hilfe@msp.example</a>&gt;:<br></div>'
    '<blockquote class="gmail_quote"><div>{old}</div></blockquote></div>',
    "outlook": '<div class="WordSection1"><p class="MsoNormal">{new}</p><div><div style="border:none;border-top:solid #E1E1E1 '
    '1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Von:</b> Hilfe &lt;hilfe@msp.example&gt;<br><b>Gesendet:</b> '
    "Montag, 2. März 2026 10:00<br><b>An:</b> Anna<br><b>Betreff:</b> Drucker</p></div></div><p>{old}</p></div>",
    "outlook web": '<div>{new}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De :</b> Hilfe<br><b>Envoyé :</b> '
    "lundi 2 mars 2026<br><b>Objet :</b> Drucker</div><div>{old}</div>",
    "apple": "<html><body>{new}<br><div><br><blockquote type=\"cite\"><div>Il giorno 2 mar 2026, alle ore 10:00, Hilfe "
    '&lt;<a href="mailto:hilfe@msp.example">hilfe@msp.example</a>&gt; ha scritto:</div><br><div>{old}</div></blockquote></div>',
    "thunderbird": '<p>{new}</p><div class="moz-cite-prefix">El 2/3/26 a las 10:00, Hilfe escribió:<br></div>'
    '<blockquote type="cite"><p>{old}</p></blockquote>',
    "proton": '<div>{new}</div><div class="protonmail_quote">On Monday, March 2nd, 2026 at 10:00, Hilfe wrote:<br>'
    '<blockquote class="protonmail_quote" type="cite">{old}</blockquote></div>',
    "yahoo": '<div>{new}</div><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>Am Montag, 2. März 2026 um 10:00:00 MEZ hat '
    "Hilfe Folgendes geschrieben:</div><div>{old}</div></div>",
}  # fmt: skip


@pytest.mark.parametrize("html", HTMLS.values(), ids=HTMLS.keys())
def test_the_history_in_an_html_answer_is_folded(html: str) -> None:
    text, quoted = shown(html.format(new=NEW, old=OLD), "html")
    assert text == NEW
    assert OLD in quoted


def test_answers_between_the_quotes_stay_with_their_context() -> None:
    body = f"Am 02.03.26 um 10:00 schrieb Hilfe:\n> {OLD}\n\nHabe ich getan.\n\n> Druckt er nun?\n\nNein, nur Streifen.\n\n-- \nAnna\n"
    text, _ = shown(body)
    for line in (f"> {OLD}", "Habe ich getan.", "> Druckt er nun?", "Nein, nur Streifen."):
        assert line in text
    assert "Anna" not in text


def test_answers_between_the_quotes_of_html_stay() -> None:
    html = f"<blockquote type=cite><p>{OLD}</p></blockquote><p>Habe ich getan.</p><blockquote type=cite><p>Druckt er?</p></blockquote><p>Nein.</p>"
    text, _ = shown(html, "html")
    assert "Habe ich getan." in text
    assert "Nein." in text


@pytest.mark.parametrize(
    "line",
    ["Von meinem iPhone gesendet", "Sent from my iPhone", "Envoyé de mon iPhone", "Inviato da iPhone", "Enviado desde mi iPhone",
     "Gesendet von Outlook für Android", "Get Outlook for iOS", "Sent from Proton Mail for iOS",
     "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet."],
)  # fmt: skip
def test_the_line_of_a_phone_is_no_part_of_the_answer(line: str) -> None:
    text, _ = shown(f"{NEW}\n\n{line}\n\nAm 02.03.2026 um 10:00 schrieb Hilfe <hilfe@msp.example>:\n\n> {OLD}\n")
    assert text == NEW


@pytest.mark.parametrize(
    "body",
    ["Der Kunde wrote:\nnichts", "Am Montag um 10:00 Uhr hat der Drucker gestreikt:\nPapierstau", "Von: oben\nBis: unten",
     "Termin am 2.3.2026 um 10:00 Uhr:\nBitte bestätigen.", "Zur Info: siehe https://x.example\nAn: alle\nDanke"],
)  # fmt: skip
def test_text_that_only_resembles_an_attribution_stays(body: str) -> None:
    mail = parse_mail((HEAD + "Content-Type: text/plain; charset=utf-8\n\n" + body).encode())
    assert mail.body.text == body
