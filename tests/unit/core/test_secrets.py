"""Stored secrets: readable with the same key and context only."""

from __future__ import annotations

import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Misconfigured
from core.secrets import KEY_BYTES, Keyring, load_keyring
from core.settings import load_settings

KEYRING = Keyring(bytes(range(KEY_BYTES)))


@given(st.text(), st.text())
def test_what_was_encrypted_comes_back(text: str, context: str) -> None:
    encrypted = KEYRING.encrypt(text, context)
    assert encrypted.startswith("v1:")
    assert KEYRING.decrypt(encrypted, context) == text


def test_the_same_text_is_never_encrypted_the_same_way_twice() -> None:
    assert KEYRING.encrypt("secret", "mailbox") != KEYRING.encrypt("secret", "mailbox")


@pytest.mark.parametrize("encrypted", ["", "v1", "v1:0000", "v2:a:b", "v1:ffff:====", "plain"])
def test_a_damaged_secret_is_refused(encrypted: str) -> None:
    with pytest.raises(Misconfigured):
        KEYRING.decrypt(encrypted, "c")


def test_a_secret_with_something_added_is_refused() -> None:
    with pytest.raises(Misconfigured):
        KEYRING.decrypt(KEYRING.encrypt("x", "c") + "A", "c")


def test_a_secret_moved_to_another_place_is_refused() -> None:
    with pytest.raises(Misconfigured, match="belongs elsewhere"):
        KEYRING.decrypt(KEYRING.encrypt("secret", "mailbox 1"), "mailbox 2")


def test_a_secret_of_another_key_is_refused_and_the_setting_is_named() -> None:
    with pytest.raises(Misconfigured, match="PSA_SECRET_KEY"):
        Keyring(bytes(KEY_BYTES)).decrypt(KEYRING.encrypt("secret", "c"), "c")


def test_derived_keys_are_stable_and_differ_by_purpose() -> None:
    assert KEYRING.derive("reply tokens") == Keyring(bytes(range(KEY_BYTES))).derive("reply tokens")
    assert len({KEYRING.derive("a"), KEYRING.derive("b"), Keyring(bytes(KEY_BYTES)).derive("a")}) == 3


def test_processes_that_start_together_agree_on_one_key_that_only_they_can_read(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(lambda _: load_keyring(settings), range(16)))
    assert len({keyring.derive("x") for keyring in keyrings}) == 1
    (file,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_key_of_the_settings_goes_before_the_file(tmp_path: Path) -> None:
    key = bytes(range(KEY_BYTES))
    settings = load_settings(data_dir=tmp_path, secret_key=b64encode(key).decode())
    assert load_keyring(settings).derive("x") == KEYRING.derive("x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["short", b64encode(b"short").decode(), "ü" * 32])
def test_a_key_that_is_none_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(Misconfigured):
        load_keyring(load_settings(data_dir=tmp_path, secret_key=key))
