"""A private postfix that passes every mail on to one port of ours, and tries again after a second."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.service import Service, find_or_install, free_port, running, unavailable, wait_until

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = {transport}:[127.0.0.1]:{port}
relay_transport = $default_transport
disable_dns_lookups = yes
lmtp_destination_recipient_limit = 50
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def postfix_delivering_to(transport: str, port: int) -> Iterator[Service]:
    """A private postfix that passes everything on to one port of ours."""
    binary = find_or_install("postfix", "postfix")
    if os.geteuid() != 0:
        unavailable("postfix can be started by root only")
    # postfix gives up root's rights, so its folders must be open to its own user.
    folder = Path(tempfile.mkdtemp(prefix="psa-postfix-"))
    folder.chmod(0o755)
    try:
        for name in ("queue", "data", "config"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "data", "postfix")
        own_port = free_port()
        (folder / "config" / "main.cf").write_text(_MAIN.format(folder=folder, transport=transport, port=port))
        (folder / "config" / "master.cf").write_text(_MASTER.format(port=own_port))
        service = Service(
            "postfix", [binary, "-c", folder / "config", "start-fg"], folder=folder, port=own_port, start_seconds=30
        )
        with running(service):
            try:
                yield service
            finally:
                _end_master(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_master(folder: Path) -> None:
    """The master has a session of its own, which signals to the group that was started do not reach."""
    number = int((folder / "queue" / "pid" / "master.pid").read_text(encoding="ascii"))
    os.kill(number, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{number}").exists(), "the end of postfix's master", 10)


def wait_for_log(service: Service, text: str, count: int) -> None:
    wait_until(lambda: service.log_end(1000).count(text) >= count, f"{count} times {text!r} in postfix's log")
