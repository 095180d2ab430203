"""Files are saved under their name and never run."""

from __future__ import annotations

import pytest

from core.tickets.downloads import disposition, download_headers, served_type


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("Plan.pdf", 'attachment; filename="Plan.pdf"'),
        ("Übersicht 1.pdf", "attachment; filename=\"_bersicht 1.pdf\"; filename*=UTF-8''%C3%9Cbersicht%201.pdf"),
        ('a"b%.txt', "attachment; filename=\"a_b_.txt\"; filename*=UTF-8''a%22b%25.txt"),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ("a\r\nSet-Cookie: x.txt", 'attachment; filename="aSet-Cookie: x.txt"'),
        ("gpj\u202eexe.txt", 'attachment; filename="gpjexe.txt"'),
        ("\x00", 'attachment; filename="attachment"'),
        ("", 'attachment; filename="attachment"'),
        ("a" * 300 + ".docx", f'attachment; filename="{"a" * 195}.docx"'),
    ],
)
def test_a_filename_is_told_safely(filename: str, said: str) -> None:
    assert disposition(filename) == said


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html", "TEXT/HTML; charset=utf-8", "image/svg+xml", "application/xhtml+xml", "text/xml",
        "text/javascript", "application/ecmascript", "message/rfc822", "multipart/related",
        "application/x-shockwave-flash", "text/css", "application/hta", "no type at all",
        "text/plain\r\nX-Evil: 1", "", "text/", "/",
    ],
)  # fmt: skip
def test_what_a_browser_would_run_is_served_as_bytes(content_type: str) -> None:
    assert served_type(content_type) == "application/octet-stream"


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "text/plain", "application/vnd.ms-excel"])
def test_a_passive_type_is_kept(content_type: str) -> None:
    assert served_type(content_type) == content_type


def test_a_download_is_sandboxed_and_not_sniffed() -> None:
    headers = download_headers("a.png", "image/png")
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
