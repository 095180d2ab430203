"""What the renderers say themselves."""

from __future__ import annotations

from typing import Final

from bot.wording import Words

MORE: Final = Words(de="Mehr …", en="More …")
MORE_IN_CONSOLE: Final = Words(de="… mehr in der Konsole", en="… more in the console")
SHORTENED: Final = Words(de="… gekürzt", en="… shortened")
OPEN: Final = Words(de="Öffnen", en="Open")
OPEN_IN_CONSOLE: Final = Words(de="In der Konsole öffnen", en="Open in the console")
YES: Final = Words(de="Ja", en="Yes")
CANCEL: Final = Words(de="Abbrechen", en="Cancel")
CLOSE: Final = Words(de="Schließen", en="Close")
SEND: Final = Words(de="Senden", en="Send")
SURE: Final = Words(de="Sicher?", en="Are you sure?")
FIND: Final = Words(de="Zum Suchen tippen", en="Type to search")
CHOOSE: Final = Words(de="Auswählen", en="Choose")
REQUIRED: Final = Words(de="Bitte ausfüllen.", en="Please fill this in.")
