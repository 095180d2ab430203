"""A private RabbitMQ node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.service import Service, find_or_install, free_port

RABBITMQ_MARKS = [pytest.mark.services, pytest.mark.xdist_group("rabbitmq")]
"""Marks of tests that use the fixture `rabbitmq`: they share one worker, so that one node is started."""

_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ:
    """A node with its own data, cookie, ports and port mapper; `url` stays the same through restarts."""

    def __init__(self, folder: Path) -> None:
        binary = find_or_install("rabbitmq-server", "rabbitmq-server")
        epmd = find_or_install("epmd", "erlang-base")
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        epmd_port = free_port()
        plugins = folder / "enabled_plugins"
        plugins.write_text("[].\n", encoding="ascii")
        (folder / ".erlang.cookie").write_text("PRIVATE", encoding="ascii")
        (folder / ".erlang.cookie").chmod(0o400)
        self._epmd = Service(
            "epmd", [epmd, "-port", str(epmd_port), "-address", "127.0.0.1"], folder=folder, port=epmd_port
        )
        self._node = Service(
            "rabbitmq",
            # Debian's wrapper changes to a user of its own; the script beneath does not.
            [_SCRIPT if _SCRIPT.exists() else binary],
            folder=folder,
            port=self.port,
            start_seconds=120,
            environment={
                "HOME": str(folder),
                "ERL_EPMD_PORT": str(epmd_port),
                "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODENAME": f"psa{self.port}@localhost",
                "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODE_PORT": str(self.port),
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
                "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
                "RABBITMQ_PID_FILE": str(folder / "pid"),
                "RABBITMQ_LOG_BASE": str(folder),
                "RABBITMQ_LOGS": "-",
            },
        )

    def start(self) -> None:
        if not self._epmd.is_running:
            self._epmd.start()
        self._node.start()

    def stop(self) -> None:
        """End the node in peace."""
        self._node.stop()

    def kill(self) -> None:
        """End the node as a power cut would."""
        self._node.kill()

    def close(self) -> None:
        """End all of it."""
        self._node.kill()
        self._epmd.kill()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A running node; tests share it and use virtually nothing but queue names of their own."""
    node = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    try:
        node.start()
        yield node
    finally:
        node.close()
