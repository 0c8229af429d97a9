"""Fixtures of export tests."""

import boto3
import pytest
from django.core.files.storage import storages
from moto import mock_aws

from jobs.records.demo import fill
from tests.exports_helpers import signed_in


@pytest.fixture
def sign_in(_world):
    """sign_in("finance") → a client with that person's session, without the cost of a password. Also for ``live``."""
    return lambda name: signed_in(_world, name)


@pytest.fixture
def orders(live):
    """1,500 orders and what belongs to them."""
    with live.scope("platform"):
        fill(orders=1_500, seed=3)
    return 1_500


@pytest.fixture
def local_store(settings, tmp_path):
    """An empty folder as the store, and one of its own for unfinished files."""
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.SPOOL_DIR.mkdir(exist_ok=True)
    options = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = settings.STORAGES | {"exports": options}
    return storages["exports"]


@pytest.fixture
def s3_store(settings, tmp_path, monkeypatch):
    """An empty bucket, as django-storages speaks to it, and a folder for unfinished files."""
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.SPOOL_DIR.mkdir(exist_ok=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="exports")
        options = {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": "exports", "file_overwrite": False, "default_acl": None},
        }
        settings.STORAGES = settings.STORAGES | {"exports": options}
        yield storages["exports"]
