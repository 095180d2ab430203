"""German for what the product says in English. Texts only: `bot.views.translating` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TERMS: Final[Mapping[str, str]] = {
    "ticket": "Ticket",
    "customer": "Kunde",
    "contact": "Kontakt",
    "user": "Benutzer",
    "draft": "Entwurf",
    "message": "Nachricht",
    "attachment": "Anhang",
    "mail": "Mail",
    "held mail": "zurückgehaltene Mail",
    "new": "neu",
    "assigned": "zugewiesen",
    "in_progress": "in Arbeit",
    "waiting_customer": "wartet auf Kunden",
    "resolved": "gelöst",
    "closed": "geschlossen",
    "staff": "eigenes Personal",
    "the desk itself": "der Service Desk selbst",
    "auto_generated": "automatisch erzeugt",
    "auto_replied": "automatische Antwort",
    "read_receipt": "Lesebestätigung",
    "calendar": "Kalender",
    "bounce": "Zustellbericht",
    "bulk": "Massenmail",
    "list": "Verteiler",
}

GERMAN: Final[Mapping[str, str]] = {
    # -- errors
    "There is no {term} {reference}.": "{term} {reference} gibt es nicht.",
    "This was done before.": "Das ist schon erledigt.",
    "This needs the permission {permission}.": "Dazu fehlt Ihnen die Berechtigung {permission}.",
    "You may not give the command {command}.": "Den Befehl {command} dürfen Sie nicht geben.",
    "There is no command {command}.": "Den Befehl {command} gibt es nicht.",
    "This account is linked to nobody.": "Dieses Konto ist mit niemandem verknüpft.",
    "This button is none of ours.": "Diese Schaltfläche ist keine von uns.",
    "The database is away.": "Die Datenbank ist gerade nicht erreichbar. Bitte gleich noch einmal versuchen.",
    "The {term} was changed by someone else: version {actual} is current, you sent {expected}.": (
        "{term}: Inzwischen hat jemand anderer etwas geändert."
    ),
    "Read it again and repeat the change on the current version.": "Bitte neu laden und noch einmal ändern.",
    "A ticket that is {term} cannot become {status}; possible: {terms}.": (
        "Aus „{term}“ kann das nicht werden; möglich: {terms}."
    ),
    "This ticket was merged into another one already.": "Dieses Ticket ging schon in einem anderen auf.",
    "A ticket cannot be merged into itself, nor into one that was merged into it.": (
        "Ein Ticket kann nicht in sich selbst aufgehen, auch nicht über ein anderes."
    ),
    "Ticket #{number} was merged into another one; go on there.": (
        "Ticket #{number} ging in einem anderen auf; dort geht es weiter."
    ),
    "Ticket #{number} is not this customer's; nothing was written on it.": (
        "Ticket #{number} gehört nicht diesem Kunden; es wurde nichts hineingeschrieben."
    ),
    "Tickets #{one} and #{two} belong to different customers.": (
        "Die Tickets #{one} und #{two} gehören verschiedenen Kunden."
    ),
    "Ticket #{number} is {name}'s already.": "Ticket #{number} hat schon {name}.",
    "Ticket #{number} begins with this message; it stays there.": (
        "Mit dieser Nachricht beginnt Ticket #{number}; sie bleibt dort."
    ),
    "Only what somebody said can be split off.": "Nur was jemand gesagt hat, lässt sich abtrennen.",
    "A ticket cannot be linked to itself.": "Ein Ticket kann nicht mit sich selbst verknüpft werden.",
    "Say what you want to reply.": "Bitte schreiben Sie, was Sie antworten möchten.",
    "Say for which customer.": "Für welchen Kunden?",
    "This reply was sent already.": "Diese Antwort ist schon gesendet.",
    "This reply was thrown away.": "Diese Antwort ist verworfen.",
    "A ticket has at most {most} tags.": "Ein Ticket hat höchstens {most} Schlagworte.",
    "A tag has 1 to {most} characters.": "Ein Schlagwort hat 1 bis {most} Zeichen.",
    "You cannot write a {kind} message.": "Eine solche Nachricht können Sie nicht schreiben.",
    "This is for people of the desk.": "Das ist nur für den Service Desk.",
    "You belong to no customer.": "Sie gehören zu keinem Kunden.",
    "You open tickets for your own company only.": "Tickets eröffnen Sie nur für die eigene Firma.",
    "Your own contact is taken.": "Ihr eigener Kontakt wird verwendet.",
    "You change only what you said yourself.": "Ändern können Sie nur, was Sie selbst gesagt haben.",
    "This customer has no such contact.": "Diesen Kontakt hat dieser Kunde nicht.",
    "There is no such customer.": "Diesen Kunden gibt es nicht.",
    "There is no such user at the desk.": "Diese Person gibt es am Service Desk nicht.",
    "The file {name} was set aside and is not handed out: {detail}": (
        "Die Datei {name} wurde ausgesondert und wird nicht ausgegeben: {detail}"
    ),
    "This mail is not held any more.": "Diese Mail wird nicht mehr zurückgehalten.",
    "Only an address of staff can be trusted for good, by a person.": (
        "Auf Dauer vertraut werden kann nur einer Adresse des eigenen Personals."
    ),
    "This account is linked already.": "Dieses Konto ist schon verknüpft.",
    "Only users have codes.": "Codes gibt es nur für Benutzer.",
    "This code is wrong, or was used, or is too old. Get a new one.": (
        "Dieser Code ist falsch, verbraucht oder zu alt. Lassen Sie sich einen neuen geben."
    ),
    "In the console you are who logged in; log out instead.": (
        "In der Konsole sind Sie, wer sich angemeldet hat; melden Sie sich stattdessen ab."
    ),
    "This is larger than a chat message can be.": "Das ist größer, als eine Chatnachricht sein kann.",
    "A personal conversation is for talking only.": "Ein persönliches Gespräch ist nur zum Reden da.",
    "A channel that is shared with a customer needs one, others have none.": (
        "Ein Kanal, der mit einem Kunden geteilt wird, braucht einen; andere haben keinen."
    ),
    "The languages are de and en.": "Die Sprachen sind de und en.",
    "That were too many wrong codes; wait a while.": "Das waren zu viele falsche Codes; bitte warten Sie ein wenig.",
    # -- findings on mails
    "This mail was taken in before.": "Diese Mail wurde schon aufgenommen.",
    "Written by a machine ({term}): no answer, no reopening.": (
        "Von einer Maschine geschrieben ({term}): keine Antwort, kein Wiederöffnen."
    ),
    "The sender said the same {count} times already: set aside for a person.": (
        "Der Absender hat dasselbe schon {count}-mal geschickt: angehalten, bis jemand nachsieht."
    ),
    "Nothing leads to a ticket that it may continue.": "Nichts führt zu einem Ticket, das sie fortsetzen darf.",
    "#{number} has been closed for more than {days} days: a new ticket follows it.": (
        "#{number} ist seit mehr als {days} Tagen geschlossen: Es folgt ein neues Ticket."
    ),
    "A delivery report on a mail that we do not know.": "Ein Zustellbericht zu einer Mail, die wir nicht kennen.",
    "A delivery report on a mail of #{number}.": "Ein Zustellbericht zu einer Mail von #{number}.",
    "The mail names no sender.": "Die Mail nennt keinen Absender.",
    "Claims to come from {term}; {detail}": "Gibt als Absender an: {term}; {detail}",
    "{address} is staff, and proven.": "{address} ist eigenes Personal, und das ist bewiesen.",
    "{detail} The sender is taken for unknown.": "{detail} Der Absender gilt als unbekannt.",
    "{address} is staff.": "{address} ist eigenes Personal.",
    "{address} is a known contact.": "{address} ist ein bekannter Kontakt.",
    "{domain} is a customer's verified domain.": "{domain} ist die bestätigte Domain eines Kunden.",
    "Nobody knows {address} yet: taken in by triage.": "{address} kennt noch niemand: zur Einordnung aufgenommen.",
    "{detail} points to #{number}, but the sender has no part in it.": (
        "{detail} weist auf #{number}, aber der Absender ist daran nicht beteiligt."
    ),
    "{detail} leads to #{number}, merged into #{living}.": "{detail} führt zu #{number}, aufgegangen in #{living}.",
    "{detail} leads to #{number}.": "{detail} führt zu #{number}.",
    "Our signed reply token": "Unser signiertes Antwortzeichen",
    "Our signed mark in the text": "Unser signiertes Zeichen im Text",
    "The reference to the mail <{id}>": "Der Bezug auf die Mail <{id}>",
    "The reference to <{id}>, which that ticket's mails refer to as well,": (
        "Der Bezug auf <{id}>, auf die sich auch die Mails dieses Tickets beziehen,"
    ),
    "[#{number}] in the subject": "[#{number}] im Betreff",
    "The common reference <{id}> is too old to count.": "Der gemeinsame Bezug <{id}> ist zu alt, um zu zählen.",
    "The subject names #{number}, but there is no such ticket.": (
        "Der Betreff nennt #{number}, aber dieses Ticket gibt es nicht."
    ),
    "{name} was set aside: {detail}.": "{name} wurde ausgesondert: {detail}.",
    "more than {most} attachments": "mehr als {most} Anhänge",
    "larger than {most} bytes": "größer als {most} Bytes",
    "Released by {name} for good.": "Von {name} freigegeben, künftig immer.",
    "Released by {name}.": "Von {name} freigegeben.",
    "Rejected by {name}.": "Von {name} abgelehnt.",
    "{count} characters of quoted history were folded.": "{count} Zeichen zitierter Verlauf wurden eingeklappt.",
    "{count} characters of signature were folded.": "{count} Zeichen Signatur wurden eingeklappt.",
}
