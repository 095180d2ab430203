"""Bytes to text in any charset: declared, wrongly declared, undeclared. Never raises, never loses a letter silently."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache

from charset_normalizer import from_bytes

REPLACEMENT = "\ufffd"

# Names seen in mails that Python spells otherwise, or whose superset is what senders really use (WHATWG).
_RENAMED = {
    "ansi": "cp1252", "ascii": "ascii", "us_ascii": "ascii", "usascii": "ascii", "x_ansi": "cp1252",
    "iso_8859_1": "latin_1", "iso8859_1": "latin_1", "iso_8859_8_i": "iso8859_8", "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6", "unicode_1_1_utf_7": "utf_7", "unicode_2_0_utf_8": "utf_8", "x_utf_8": "utf_8",
    "utf8mb4": "utf_8", "utf_8mb4": "utf_8", "x_unicode": "utf_16", "unicode": "utf_16",
    "gb2312": "gb18030", "gbk": "gb18030", "x_gbk": "gb18030", "gb_2312_80": "gb18030", "gb2312_80": "gb18030",
    "shift_jis": "cp932", "shift_jisx0213": "shift_jisx0213", "sjis": "cp932", "x_sjis": "cp932", "ms_kanji": "cp932",
    "x_ms_cp932": "cp932", "windows_31j": "cp932", "cp943c": "cp932", "x_euc_jp": "euc_jp",
    "iso_2022_jp": "iso2022_jp_ext", "iso2022_jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext", "x_windows_iso2022jp": "iso2022_jp_ext",
    "euc_kr": "cp949", "euckr": "cp949", "ks_c_5601_1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949",
    "ks_c_5601_1989": "cp949", "ksc_5601": "cp949", "x_windows_949": "cp949", "big5": "cp950", "big5_tw": "cp950",
    "x_big5": "cp950", "tis_620": "cp874", "tis620": "cp874", "windows_874": "cp874", "macintosh": "mac_roman",
    "x_mac_roman": "mac_roman", "mac": "mac_roman", "x_mac_cyrillic": "mac_cyrillic", "koi8r": "koi8_r",
    "koi8u": "koi8_u", "x_cp1250": "cp1250", "x_cp1251": "cp1251", "x_cp1252": "cp1252", "viscii": "cp1258",
}  # fmt: skip
_NOT_FOR_MAIL = frozenset(
    [
        "base64_codec",
        "bz2_codec",
        "hex_codec",
        "quopri_codec",
        "rot_13",
        "uu_codec",
        "zlib_codec",
        "mbcs",
        "oem",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
    ]
)
_PYTHON_CODECS = (
    frozenset(aliases.values()) | {"koi8_u", "cp874", "cp1006", "cp720", "cp737", "utf_8_sig"}
) - _NOT_FOR_MAIL
_NAMELESS = frozenset(
    ("", "unknown", "x_unknown", "unknown_8bit", "default", "none", "8bit", "binary", "x_user_defined")
)
_SAFE_NAME = re.compile(r"[a-z0-9_]{1,40}")
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WINDOWS_PUNCTUATION = frozenset("€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›\xa0¡£§¨©ª«¬\xad®¯°±²³´µ¶·¸¹º»¼½¾¿×÷")
_WESTERN_LETTERS = frozenset("ŠŒŽšœžŸ" + "".join(chr(code) for code in range(0xC0, 0x100) if code not in (0xD7, 0xF7)))
_UNUSUAL_WESTERN = frozenset("ÐÞðþý¨¬¯¸¼½¾¹¶×÷¤¦ª")
_C1 = re.compile(rb"[\x80-\x9f]")
_GUESSED_BYTES = 4_096


@lru_cache(maxsize=512)
def find_codec(charset: str) -> str | None:
    """The Python codec of a charset name as mails write it, or None: unknown, no text encoding, or a hazard."""
    name = _NOT_NAME.sub("_", charset.strip().lower()).strip("_")
    if name.startswith("3d") and len(name) > 5:  # charset=3D"utf-8": quoted-printable that was never decoded
        name = name[2:].strip("_")
    name = _RENAMED.get(name, name)
    if not _SAFE_NAME.fullmatch(name):
        return None
    if name.startswith("windows_"):
        name = "cp" + name.removeprefix("windows_")
    # Only codecs known beforehand: Python remembers every unknown name for ever.
    codec = name if name in _PYTHON_CODECS else aliases.get(name)
    return codec if codec in _PYTHON_CODECS else None


def clean_text(text: str) -> str:
    """The text without NUL, lone surrogates and byte order mark, line ends as `\\n`."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if text.startswith("\ufeff"):
        text = text[1:]
    if not text.isascii() and _SURROGATE.search(text):
        text = _SURROGATE.sub(REPLACEMENT, text)
    return text


def decode_text(raw: bytes, charset: str | None) -> tuple[str, str | None]:
    """The text of `raw` and, where it could not be read as declared, a sentence that says so.

    A declared charset is believed when it fits. Otherwise: UTF-8, Windows-1252 where it gives plausible western text,
    the guess of charset-normalizer, and at last Windows-1252 with replacements.
    """
    if not raw:
        return "", None
    codec = find_codec(charset) if charset else None
    ascii_only = raw.isascii()
    if ascii_only and b"\x1b" not in raw and codec not in ("utf_7", "utf_16", "utf_32", "utf_16_le", "utf_16_be", "hz"):
        return raw.decode("ascii"), None if codec or not charset or _is_nameless(charset) else _unknown(charset)
    if codec == "latin_1":
        codec = "cp1252" if _C1.search(raw) else "latin_1"
        western, problem = _decode_strictly(raw, codec)
        if western is None:
            return raw.decode("latin_1"), None
        return _prefer_utf8(raw, western), problem
    if codec is not None and codec != "ascii":
        text, problem = _decode_strictly(raw, codec)
        if text is not None:
            return text, problem
        return _decode_damaged(raw, codec, str(charset))
    if charset and codec is None and not _is_nameless(charset):
        return guess_text(raw), _unknown(charset)
    guessed = guess_text(raw)
    return guessed, None if REPLACEMENT not in guessed else "undeclared charset could not be recognised"


def guess_text(raw: bytes) -> str:
    """The likeliest text of bytes whose charset nobody declared."""
    if b"\x1b" in raw:
        for codec in ("iso2022_jp_ext", "iso2022_kr"):
            japanese, _ = _decode_strictly(raw, codec)
            if japanese is not None:
                return japanese
    text, _ = _decode_strictly(raw, "utf_8")
    if text is not None:
        return text
    almost = raw.decode("utf-8", "replace")
    if _is_almost_utf8(almost):
        return almost
    western = raw.decode("cp1252", "replace")
    if _is_plausible_western(western):
        return western
    best = from_bytes(raw[:_GUESSED_BYTES]).best()
    likely = find_codec(best.encoding) if best is not None else None
    return raw.decode(likely, "replace") if likely else western


def _decode_strictly(raw: bytes, codec: str) -> tuple[str | None, None]:
    try:
        return codecs.decode(raw, codec), None
    except (UnicodeError, LookupError):
        return None, None


def _decode_damaged(raw: bytes, codec: str, charset: str) -> tuple[str, str]:
    problem = f"text is not valid {charset[:40]}"
    if codec == "utf_8":
        return guess_text(raw), problem
    text, _ = _decode_strictly(raw, "utf_8")
    if text is not None:
        return text, problem
    return raw.decode(codec, "replace"), problem


def _prefer_utf8(raw: bytes, text: str) -> str:
    # Mails labelled Latin-1 are often UTF-8; two or more valid sequences are no accident in western text.
    if "Ã" in text or "â€" in text or "Â" in text:
        better, _ = _decode_strictly(raw, "utf_8")
        if better is not None:
            return better
    return text


def _is_almost_utf8(text: str) -> bool:
    broken = text.count(REPLACEMENT)
    return broken * 4 < sum(1 for letter in text if letter > "\x7f" and letter != REPLACEMENT)


def _is_plausible_western(text: str) -> bool:
    letters = unusual = 0
    for letter in text[:_GUESSED_BYTES]:
        if letter <= "\x7f":
            continue
        if letter in _UNUSUAL_WESTERN or (letter not in _WESTERN_LETTERS and letter not in _WINDOWS_PUNCTUATION):
            unusual += 1
        else:
            letters += 1
    ascii_letters = sum(1 for letter in text[:_GUESSED_BYTES] if "a" <= letter <= "z")
    return unusual * 8 <= letters and letters <= ascii_letters


def _is_nameless(charset: str) -> bool:
    return _NOT_NAME.sub("_", charset.strip().lower()).strip("_") in _NAMELESS


def _unknown(charset: str) -> str:
    return f"unknown charset {clean_text(charset)[:40]!r}"
