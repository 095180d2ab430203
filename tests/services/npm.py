"""npm packages that tests run in a browser: installed from the lock file beside them, outside of the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.services.service import SEARCH_PATH, find_or_install, unavailable

_PACKAGES = Path(__file__).with_name("npm")
_DONE = ".installed"


def install_packages() -> Path:
    """The `node_modules` folder with what the lock file names. Skips (or fails) the test where npm cannot get it."""
    npm = find_or_install("npm", "npm")
    lock = (_PACKAGES / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"psa-test-npm-{os.getuid()}-{digest}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not (folder / _DONE).exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_PACKAGES / name, folder / name)
            problem = _install(npm, folder)
            if problem:
                unavailable(f"npm could not install the browser packages: {problem}")
            (folder / _DONE).touch()
    return folder / "node_modules"


def _install(npm: Path, folder: Path) -> str:
    """Install exactly what the lock file says, running nothing of it; returns what went wrong."""
    command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    environment = {**os.environ, "PATH": SEARCH_PATH}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
    except subprocess.TimeoutExpired:
        return "it took too long"
    return "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())[-500:] or "it failed"


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The folder of the installed packages."""
    return install_packages()
