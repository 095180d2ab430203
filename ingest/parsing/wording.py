# ruff: noqa: E501 - tables of words read best one language or mailer a line
"""The words by which mail programs announce quotes, headers, forwards and signatures, by language.

Only words stand here; the rules that weigh them are in `attribution` and `folding`.
"""

from __future__ import annotations

import re


def _alternatives(words: str) -> str:
    return "|".join(re.escape(word.strip()) for word in sorted(words.split("|"), key=len, reverse=True) if word.strip())


WROTE = _alternatives(
    "wrote|writes|write|said|schrieb|schrieben|schreibt|geschrieben|hat geschrieben|a écrit|a ecrit|ont écrit|écrit|"
    "ha scritto|scrive|scritto|escribió|escribio|ha escrito|escreveu|schreef|geschreven|skrev|skreiv|skriver|"
    "kirjoitti|napisał(a)|napisał|napisała|napisal|napisal(a)|pisze|napsal|napsal(a)|napsala|napísal|napísala|napisao je|"
    "je napisao|je napisao/la|je napisala|написал|написал(а)|написала|пишет|написав|написав(ла)|писал|писал(а)|написа|"
    "пише|yazdı|şunu yazdı|írta|ezt írta|a scris|έγραψε|a écrit ce qui suit|va escriure|ha escrit|rašė|rakstīja|kirjutas|"
    "đã viết|viết|menulis|napisano|napísal(a)|pisal|je pisal|skrifaði|"
    "写道|寫道|写到|已写|编写|のメール|のメッセージ|さんは書きました|さんが書きました|さんは次のように書きました|さんの発言|"
    "님이 작성|작성|님이 쓴 글|כתב|כתבה|כתב/ה|מאת|كتب|เขียนว่า|เขียน"
)
HEADER_LABELS: dict[str, str] = {
    label.strip(): kind
    for kind, labels in {
        "from": "from|von|de|da|van|från|fra|od|lähettäjä|от|от кого|від|відправник|feladó|de la|από|gönderen|kimden|"
                "发件人|寄件者|寄件人|差出人|送信元|보낸 사람|보낸사람|från|expéditeur|absender|mittente|remitente|afzender|"
                "odesílatel|odosielateľ|nadawca|avsändare|avsender|afsender|from/von|pošiljatelj|šalje|מאת|من|dari|từ|envoyé par",
        "date": "sent|date|gesendet|datum|envoyé|envoyée|envoye|date d'envoi|inviato|data|enviado|enviada|enviada em|"
                "enviado el|enviado em|fecha|verzonden|verstuurd|skickat|skickad|sendt|dato|lähetetty|päivämäärä|"
                "päiväys|pvm|wysłano|wysłane|odesláno|dátum|odoslané|poslano|отправлено|дата|надіслано|küldve|"
                "elküldve|trimis|dată|ημερομηνία|εστάλη|στάλθηκε|tarih|gönderme tarihi|gönderildi|发送时间|发送日期|日期|"
                "时间|寄件日期|傳送時間|送信日時|送信日|日時|日付|보낸 날짜|날짜|datum/date|gesendet am|sent at|נשלח|تاريخ|"
                "sent on|dikirim|ngày|enviat",
        "to": "to|an|à|a|para|aan|till|til|do|komu|pro|vastaanottaja|кому|címzett|către|προς|kime|alıcı|收件人|收件者|"
              "宛先|받는 사람|받는사람|destinataire|empfänger|destinatario|destinatário|ontvanger|adresat|za|prima|kepada|"
              "đến|אל|إلى|per|À",
        "subject": "subject|betreff|objet|oggetto|asunto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|věc|тема|"
                   "tárgy|subiect|θέμα|konu|主题|主旨|件名|题目|제목|re|topic|zadeva|naslov|נושא|الموضوع|subyek|chủ đề|assumpte",
        "cc": "cc|kopie|copie|copie à|copia|cópia|kopi|kopia|dw|kopija|másolat|копия|kopio|抄送|副本|참조|bcc|kopie an|ccn|c.c.|"
              "cc:n|κοιν|bilgi",
        "reply": "reply-to|reply to|antwort an|antworten an|répondre à|rispondi a|risposta|responder a|responder para|"
                 "antwoord aan|svar till|svar til|odpowiedz do|odpověď|返信先|回复|답장|importance|priority|wichtigkeit|priorität|"
                 "importanza|importância|attachments|anlagen|anhänge|anlage|pièces jointes|allegati|bijlagen|organization|"
                 "organisation|list-post|newsgroups|sent by|antwortadresse|resent-from|mailing list",
    }.items()
    for label in labels.lower().split("|")
}  # fmt: skip
_MESSAGE = (
    "message|messages|nachricht|mail|e-mail|email|messaggio|mensaje|mensagem|bericht|meddelelse|meddelande|melding|viesti|"
    "zpráva|správa|wiadomość|сообщение|письмо|повідомлення|üzenet|mesaj|mesajul|μήνυμα|ileti|邮件|郵件|メッセージ|メール|메시지|"
    "correo|courriel|posta|courrier|missive|poruka|sporočilo|pesan|missatge"
)
_ORIGINAL = (
    "original|originale|originalnachricht|originalmeddelelse|ursprüngliche|ursprungliche|ursprungligt|ursprungligt meddelande|"
    "d'origine|origine|oorspronkelijk|oorspronkelijke|oprindelig|opprinnelig|opprinnelige|alkuperäinen|původní|pôvodná|oryginalna|pierwotna|"
    "исходное|оригинальное|оригінальне|eredeti|original mesaj|αρχικό|orijinal|özgün|原始邮件|原始郵件|原邮件|元のメッセージ|"
    "オリジナルメッセージ|원본|reply|antwort|réponse|risposta|respuesta|resposta|antwoord|svar|odpowiedź|odpověď|izvorna|originální"
)
_FORWARDED = (
    "forwarded|forward|weitergeleitete|weitergeleitet|weiterleitung|weitergeleitetes|transféré|transférée|transfere|réexpédié|inoltrato|"
    "inoltrata|reenviado|encaminhada|reencaminhada|doorgestuurd|doorgestuurde|videresendt|videresend|vidarebefordrat|vidarebefordrad|välitetty|"
    "edelleenlähetetty|přeposlaná|preposlaná|przekazana|przesłana|пересылаемое|переслане|пересланное|továbbított|redirecționat|"
    "προωθημένο|iletilen|yönlendirilen|转发|轉寄|転送|전달|proslijeđena|reenviat"
)
DASHED_MARKER = re.compile(
    rf"[\s>*_]*[-–—_=]{{2,}}[\s*]*(?:(?P<forward>.{{0,40}}?\b(?:{_alternatives(_FORWARDED)}).{{0,60}}?)|"
    rf".{{0,30}}?(?:{_alternatives(_ORIGINAL)}).{{0,40}}?)[\s*]*(?:[-–—_=]{{2,}}[\s*]*|:\s*)",
    re.IGNORECASE,
)
ORIGINAL_MESSAGE = re.compile(
    rf"\W*(?:(?:{_alternatives(_ORIGINAL)})\s+(?:{_alternatives(_MESSAGE)})|(?:{_alternatives(_MESSAGE)})\s+"
    rf"(?:{_alternatives(_ORIGINAL)})|originalnachricht|-*\s*original\s*appointment\s*-*)\W*",
    re.IGNORECASE,
)
FORWARD_LINE = re.compile(
    rf"[\s>*_]*(?:(?:begin|start of|anfang der|beginn der|début du|debut du|inizio|inizio del|início da|comienzo del|"
    rf"empieza el|begin van|begin|start på|start på|alku|začátek|początek|начало|inicio del)\s+"
    rf".{{0,12}}?(?:{_alternatives(_FORWARDED)}|{_alternatives(_MESSAGE)}).{{0,30}}|"
    rf"(?:{_alternatives(_MESSAGE)})\s+(?:{_alternatives(_FORWARDED)}))\s*[:：][\s*]*",
    re.IGNORECASE,
)
REPLY_ABOVE = re.compile(
    r".{0,60}(?:reply above this line|type your reply above|write your reply above|please reply above|above this line to reply|"
    r"respond above this line|oberhalb dieser zeile|über dieser zeile antworten|antwort(?:en)? (?:bitte )?(?:über|oberhalb)|"
    r"au-dessus de cette ligne|sopra questa linea|sopra questa riga|encima de esta línea|por encima de esta l|"
    r"acima desta linha|boven deze (?:lijn|regel)|ovanför den här raden|over denne linje[n]?|powyżej tej linii|nad tímto řádkem|"
    r"выше этой (?:строки|линии)|in replies all text above this line).{0,60}",
    re.IGNORECASE,
)
_DEVICE = (
    r"(?:i ?phone|i ?pad|i ?pod|ios|android|samsung|galaxy|huawei|xiaomi|redmi|nokia|htc|lg|sony|motorola|moto|pixel|oneplus|oppo|"
    r"blackberry|black berry|windows|outlook|yahoo|gmail|gmx|web\.de|proton|mail|mailbird|typeapp|type app|bluemail|blue mail|spark|edison|"
    r"mobile|mobil|mobiltelefon|smartphone|handy|phone|telefon|tablet|tablette|tablet[- ]?pc|smartfon|verizon|"
    r"at&t|t-mobile|sprint|k-9|k9|aquamail|nine|newton|airmail|sparrow|front|superhuman|hey|zimbra|telekom|orange|a1|magenta|"
    r"puhelimesta|telefono|teléfono|telefone|телефон\w*|móvil|celular|cellulare|portable|device|gerät|appareil|dispositivo|"
    r"palm|treo|droid|kindle|apple watch|mac|myphone|vivo|realme|fairphone|honor|surface|lumia|zte|word)"
)
MOBILE_SIGNATURE = re.compile(
    rf"[\s>*_\-–—(\[]*(?:"
    rf"(?:sent|written|typed|composed|posted)\s+(?:(?:from|via|with|on|using|by)\s+)(?:my\s+|a\s+|the\s+|an\s+)?[^,.;]{{0,40}}?\b{_DEVICE}\b|"
    rf"get\s+outlook\s+for\b|get\s+bluemail\b|download\s+\S+\s+for\b|"
    rf"(?:diese (?:nachricht|mail|e-mail) wurde )?.{{0,20}}?(?:von|mit|via|über|aus)\s+(?:meinem?r?|der|dem)?\s*.{{0,60}}?\b{_DEVICE}\b.{{0,40}}?"
    rf"(?:gesendet|verschickt|geschrieben|verfasst|versendet)|"
    rf"(?:gesendet|verschickt|geschrieben|versendet)\s+(?:mit|von|via|über|aus)\s+.{{0,40}}?\b{_DEVICE}\b|"
    rf"(?:envoyé|envoyée|envoye|écrit|expédié)\s+(?:de|depuis|à partir de|avec|via)\s+.{{0,40}}?\b{_DEVICE}\b|obtenir outlook pour|"
    rf"(?:inviato|scritto|spedito|inviata)\s+(?:da|dal|con|tramite)\s+.{{0,40}}?\b{_DEVICE}\b|scarica outlook|ottieni outlook|"
    rf"(?:enviado|enviada|escrito)\s+(?:desde|de|do|da|a partir do|com|con|via|por|pelo)\s+.{{0,40}}?\b{_DEVICE}\b|obtener outlook|obter o outlook|"
    rf"(?:verzonden|verstuurd|verstuurt)\s+(?:vanaf|vanuit|via|met|van)\s+.{{0,40}}?\b{_DEVICE}\b|"
    rf"(?:sendt|skickat|skickad|skickades|sänt|sendt)\s+(?:fra|från|med|via)\s+.{{0,40}}?\b{_DEVICE}\b|hent outlook|skaffa outlook|"
    rf"(?:wysłane|wysłano|wysłana)\s+(?:z|ze|przez)\s+.{{0,40}}?\b{_DEVICE}\b|"
    rf"(?:odesláno|odoslané|poslano)\s+(?:z|ze|s|iz)\s+.{{0,40}}?\b{_DEVICE}\b|"
    rf"(?:lähetetty|lähetin)\s+.{{0,40}}?\b{_DEVICE}\w*|hanki outlook|"
    rf"(?:отправлено|отправлен|надіслано|послано)\s+(?:с|со|из|з|от)\s+.{{0,40}}|"
    rf"(?:küldve|elküldve)\s+.{{0,40}}|.{{0,30}}\bcihazımdan gönderildi|.{{0,30}}(?:ımdan|imden) gönderildi|trimis de pe\s+.{{0,40}}|"
    rf"(?:发自|來自|从|從)我?的?\s*.{{0,30}}|.{{0,20}}から送信(?:されました)?|나의 \S+에서 보냄|.{{0,20}}에서 보냄"
    rf")(?P<rest>.{{0,60}})",
    re.IGNORECASE,
)
LEGAL_START = re.compile(
    r"\W*(?:confidentiality|disclaimer|legal (?:notice|disclaimer)|privileged|this (?:e-?mail|message|communication|electronic)|"
    r"the (?:information|contents?) (?:contained |transmitted )?(?:in|of)? ?this|this (?:email )?message (?:and|contains|is)|"
    r"diese (?:e-?mail|nachricht|information)|der inhalt dieser|die (?:in|information).{0,20} dieser e-?mail|"
    r"vertraulichkeit|rechtlicher hinweis|hinweis: diese|ce (?:message|courriel|mail)|cet? e-?mail|"
    r"le informazioni contenute|questo messaggio|questa e-?mail|este (?:mensaje|correo|email|e-mail)|esta mensagem|"
    r"dit (?:bericht|e-?mail)|deze e-?mail|detta (?:meddelande|mejl)|denne e-?mail|niniejsza wiadomość|tento e-?mail|"
    r"if you (?:are not|have received)|notice:|important notice|avis de confidentialité|wichtiger hinweis)",
    re.IGNORECASE,
)
LEGAL_WORDS = re.compile(
    r"confidential|privileged|intended (?:recipient|only|solely|for)|addressee|unauthori[sz]ed|strictly prohibited|disclos|"
    r"vertraulich|irrtümlich|nicht (?:der|die) (?:richtige|beabsichtigte|bestimmte)|adressat|unbefugt|rechtlich geschützt|vernichten|"
    r"confidentiel|destinataire|strictement|interdit|riservat|destinatari|vietat|confidencia|prohibid|proibid|vertrouwelijk|"
    r"geadresseerde|konfidenti|fortrolig|poufn|důvěrn|printing this|virus",
    re.IGNORECASE,
)
LEADS = frozenset(
    [
        "on",
        "am",
        "at",
        "le",
        "il",
        "el",
        "em",
        "op",
        "den",
        "på",
        "w",
        "dnia",
        "dne",
        "dňa",
        "le",
        "il",
        "the",
        "в",
        "во",
        "а于",
        "在",
        "vào",
        "ons",
        "tor",
        "fre",
        "lør",
        "søn",
        "man",
        "tir",
        "ma",
        "di",
        "wo",
        "do",
        "vr",
        "za",
        "zo",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mo",
        "mi",
        "so",
        "sa",
        "fr",
        "lun",
        "mar",
        "mer",
        "jeu",
        "ven",
        "sam",
        "dim",
        "lunedì",
        "martedì",
        "mercoledì",
        "giovedì",
        "venerdì",
        "sabato",
        "domenica",
        "pn",
        "wt",
        "śr",
        "czw",
        "pt",
        "sob",
        "ndz",
        "pon",
        "pią",
        "nie",
        "po",
        "út",
        "st",
        "čt",
        "pá",
        "ne",
        "ke",
        "ti",
        "to",
        "pe",
        "la",
        "su",
        "tors",
        "mån",
        "tis",
        "lör",
        "sön",
        "пн",
        "вт",
        "ср",
        "чт",
        "пт",
        "сб",
        "вс",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "geçen",
        "2011",
        "el",
        "em",
        "pada",
        "dana",
        "dne",
        "ngày",
        "la",
        "data",
        "de",
    ]
)
