"""A private dovecot: IMAP with STARTTLS and TLS, passwords, XOAUTH2 by introspection, mailboxes in Maildirs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.services.service import SEARCH_PATH, Service, find_or_install, free_port, unavailable, wait_until

PASSWORD = "geheim-ü"
OWNER = "dovecot"

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
imap_capability = {capability}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
}}
"""


class Dovecot:
    """The server and its mailboxes. `ca_file` is what a client must trust."""

    def __init__(self, folder: Path, service: Service, port: int, tls_port: int) -> None:
        self.folder = folder
        self.service = service
        self.port = port
        self.tls_port = tls_port
        self.ca_file = folder / "cert.pem"
        self._numbers = count(1)

    def add_user(self, name: str) -> None:
        """A user with an empty INBOX and the PASSWORD."""
        for part in ("cur", "new", "tmp"):
            (self.folder / "home" / name / "Maildir" / part).mkdir(parents=True)
        for path in (self.folder / "home" / name, *(self.folder / "home" / name).rglob("*")):
            shutil.chown(path, OWNER, OWNER)

    def deliver(self, user: str, raw: bytes, *, seen: bool = False, stated_size: int | None = None) -> None:
        """Put a mail into the user's INBOX as a delivery agent does, or as one that somebody has read already.

        `stated_size` is what the file's name says of its size; a wrong one makes dovecot hang up on whoever fetches it.
        """
        maildir = self.folder / "home" / user / "Maildir"
        size = f",S={stated_size}" if stated_size is not None else ""
        name = f"{int(time.time())}.M{next(self._numbers):06}P{os.getpid()}.test{size}"
        draft = maildir / "tmp" / name
        draft.write_bytes(raw)
        shutil.chown(draft, OWNER, OWNER)
        draft.rename(maildir / "cur" / f"{name}:2,S" if seen else maildir / "new" / name)

    def renumber(self, user: str, uidvalidity: int) -> None:
        """Give the INBOX another UIDVALIDITY, as after a restored backup."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(uidvalidity), "INBOX")

    def expunge(self, user: str, uids: str) -> None:
        """Delete the mails with these UIDs (an IMAP sequence set)."""
        self.doveadm("expunge", "-u", user, "mailbox", "INBOX", "uid", uids)

    def doveadm(self, *arguments: str) -> str:
        doveadm = find_or_install("doveadm", "dovecot-imapd")
        command = [str(doveadm), "-c", str(self.folder / "dovecot.conf"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


@contextmanager
def private_dovecot(*, introspection_url: str = "http://127.0.0.1:1/", capability: str = "") -> Iterator[Dovecot]:
    """A running dovecot on free ports of 127.0.0.1. Needs root; the test is skipped without.

    `introspection_url` is asked about bearer tokens (the token is appended); `capability` is dovecot's setting
    `imap_capability`, by which a server without IDLE can be had.
    """
    binary = find_or_install("dovecot", "dovecot-imapd")
    if os.geteuid() != 0:
        unavailable("dovecot changes users: it needs root")
    pwd.getpwnam(OWNER)
    # Not pytest's folder: dovecot's own users must reach it, and socket paths must be short.
    with tempfile.TemporaryDirectory(prefix="psa-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("home", "state"):
            (folder / part).mkdir()
        port, tls_port = free_port(), free_port()
        _write_certificate(folder)
        (folder / "oauth2.conf").write_text(
            f"introspection_url = {introspection_url}\nintrospection_mode = get\n"
            "username_attribute = email\nactive_attribute = active\nactive_value = true\n",
            encoding="utf-8",
        )
        (folder / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                folder=folder, port=port, tls_port=tls_port, owner=OWNER, capability=capability, password=PASSWORD
            ),
            encoding="utf-8",
        )
        command = [str(binary), "-F", "-c", str(folder / "dovecot.conf")]
        service = Service("dovecot", command, folder=folder, port=port, environment={"PATH": SEARCH_PATH})
        service.start()
        try:
            yield Dovecot(folder, service, port, tls_port)
        finally:
            service.stop()
            _wait_for_children(folder)


def _wait_for_children(folder: Path) -> None:
    """Dovecot's helpers end a moment after their master; until then they write into the folder."""

    def is_quiet() -> bool:
        for entry in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if str(entry.readlink()).startswith(str(folder)):
                    return False
            except OSError:
                continue
        return True

    wait_until(is_quiet, "the end of dovecot's processes", 10)


def _write_certificate(folder: Path) -> None:
    """A self-signed certificate for 127.0.0.1 and localhost, its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
