"""Finds, installs, starts and kills the real peers that tests talk to.

A peer that is not there is installed from Debian where we are root; else the test is skipped with the reason, or fails
if `PSA_REQUIRE_SERVICES=1`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
POLICY = Path("/usr/sbin/policy-rc.d")
_LOCK = Path(tempfile.gettempdir()) / f"psa-test-services-{os.getuid()}.lock"


def find_or_install(binary: str, package: str) -> Path:
    """The path of `binary`, after installing the Debian package if need be. Skips (or fails) the test otherwise."""
    found = _find(binary)
    if found is None:
        with _one_at_a_time():
            found = _find(binary)
            if found is None:
                problem = _install(package)
                found = _find(binary)
                if found is None:
                    unavailable(f"{binary} is not there and {package} could not be installed: {problem}")
    return found


def unavailable(reason: str) -> NoReturn:
    """Skip the test with the reason; with `PSA_REQUIRE_SERVICES=1` fail it."""
    if os.environ.get("PSA_REQUIRE_SERVICES") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether someone accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float = 30.0) -> None:
    """Return when the condition holds; raises TimeoutError naming `what` if it does not come true in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {timeout_seconds:g} s in vain for {what}.")
        time.sleep(0.05)


def wait_for_port(port: int, host: str = "127.0.0.1", timeout_seconds: float = 30.0) -> None:
    """Return when someone accepts connections there; raises TimeoutError."""
    wait_until(lambda: is_listening(port, host), f"port {port}", timeout_seconds)


class Service:
    """A peer's process in the foreground, in a process group of its own, with its output in a log file.

    `is_ready` is asked until it says yes; the port alone is the default.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        is_ready: Callable[[], bool] | None = None,
        start_seconds: float = 60.0,
    ) -> None:
        self.name = name
        self.port = port
        self.log = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._folder = folder
        self._environment = {**os.environ, "PATH": SEARCH_PATH, **(environment or {})}
        self._is_ready = is_ready or (lambda: is_listening(port))
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it is ready; raises RuntimeError with the log's end if it is not."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(lambda: not self.is_running or self._is_ready(), self.name, self._start_seconds)
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"{error}\n{self.log_end()}") from error
        if not self.is_running:
            raise RuntimeError(f"{self.name} ended while it was started:\n{self.log_end()}")

    def stop(self, timeout_seconds: float = 20.0) -> None:
        """End it in peace (SIGTERM), or by force when it takes too long."""
        self._end(signal.SIGTERM, timeout_seconds)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL to the whole process group)."""
        self._end(signal.SIGKILL, 10.0)

    def restart(self) -> None:
        """Stop in peace and start."""
        self.stop()
        self.start()

    def log_end(self, lines: int = 40) -> str:
        """The last lines of its output."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _end(self, number: signal.Signals, timeout_seconds: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._signal(process, number)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)
            process.wait(10)
        # Children that outlived their parent still hold ports and files.
        self._signal(process, signal.SIGKILL)

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """The service, started; stopped at the end."""
    service.start()
    try:
        yield service
    finally:
        service.stop()


def _find(binary: str) -> Path | None:
    found = shutil.which(binary, path=SEARCH_PATH)
    return Path(found) if found else None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(package: str) -> str:
    """Install a Debian package without starting what it brings; returns what went wrong, or the empty string."""
    if os.geteuid() != 0:
        return "we are not root"
    apt = _find("apt-get")
    if apt is None:
        return "there is no apt-get"
    environment = {**os.environ, "PATH": SEARCH_PATH, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    has_policy = POLICY.exists()
    if not has_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        POLICY.chmod(0o755)
    try:
        problem = _run([str(apt), "install", "-y", "--no-install-recommends", package], environment)
        if problem:
            # The package lists may be missing or old.
            problem = _run([str(apt), "update"], environment) or _run(
                [str(apt), "install", "-y", "--no-install-recommends", package], environment
            )
    finally:
        if not has_policy:
            POLICY.unlink()
    return problem


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} took too long"
    return "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())[-500:] or "it failed"
