"""A bucket of S3 on this machine, served by moto from memory."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

from golgoru.core import paths, storage

BUCKET, PREFIX = "pictures", "teams/a"


class S3:
    """A server with one bucket; what it holds is forgotten at the end."""

    def __init__(self, endpoint: str) -> None:
        self.settings = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            storage.SETTING: f"s3://{BUCKET}/{PREFIX}",
        }
        with mock.patch.dict(os.environ, self.settings):
            self._client = boto3.client("s3")
        self._client.create_bucket(Bucket=BUCKET)

    def put(self, path: str, data: bytes) -> None:
        """Put a file below the prefix."""
        self._client.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path}", Body=data)

    def delete(self, path: str) -> None:
        """Take a file out."""
        self._client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{path}")

    def upload_images(self, top: Path) -> None:
        """Put the images of a repository into the bucket, where their root has them."""
        for file in (top / paths.IMAGES).rglob("*"):
            if file.is_file():
                self.put(file.relative_to(top).as_posix(), file.read_bytes())


@contextmanager
def s3_server() -> Iterator[S3]:
    """Serve a bucket; `settings` of what is yielded are the environment in which it is the root of images."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    storage._s3.cache_clear()
    try:
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
        storage._s3.cache_clear()
