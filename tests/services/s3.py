"""A private S3 server with an empty bucket for each test that asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from obstore.store import S3Store

from tests.services.service import Service, free_port


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """moto's server, in memory, on a port of its own."""
    folder: Path = tmp_path_factory.mktemp("s3")
    port = free_port()
    command = (sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    service = Service("s3", command, folder=folder, port=port)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def s3_bucket(s3_server: Service) -> S3Store:
    """An empty bucket, seen with a prefix as PSA_BLOB_URL may have one."""
    endpoint = f"http://127.0.0.1:{s3_server.port}"
    bucket = f"blobs-{uuid4().hex}"
    with urlopen(Request(f"{endpoint}/{bucket}", method="PUT"), timeout=10) as answer:
        assert answer.status == 200
    return S3Store(
        bucket,
        prefix="desk/one",
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="test",
        secret_access_key="test",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
