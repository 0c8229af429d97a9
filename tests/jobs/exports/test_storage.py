"""Both stores: whole files or none, ranges, removal, and orphans."""

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from jobs import storage
from jobs.engine.errors import StorageTrouble
from jobs.models import FileRemoval

CONTENT = bytes(range(256)) * 40


@pytest.fixture(params=["local_store", "s3_store"])
def store(request):
    """Each of the two."""
    return request.getfixturevalue(request.param)


def spool(content: bytes = CONTENT) -> Path:
    path = storage.new_spool(uuid4(), 1)
    path.write_bytes(content)
    return path


def put(world, path: Path) -> str:
    return storage.put(path, tenant_id=world.tenants["platform"], job_id=uuid4(), fence=7, extension="csv")


def test_a_file_is_stored_whole_under_a_key_nobody_can_guess(world, store):
    path = spool()
    key = put(world, path)
    assert key.split("/")[:2] == ["exports", str(world.tenants["platform"])]
    name = key.rsplit("/", 1)[1]
    assert (name[:2], len(name)) == ("7-", 2 + 32 + 4)
    with store.open(key) as stored:
        assert stored.read() == CONTENT
    assert not path.exists()
    with storage.open_at(key, 256, 299) as part:
        assert part.read(44) == CONTENT[256:300]


def test_a_store_that_refuses_is_a_transient_failure_and_leaves_nothing(world, store, settings):
    path = spool()
    path.unlink()  # the source vanishes: whatever the store says, it is the same for the job
    with pytest.raises(StorageTrouble):
        put(world, path)
    folders = store.listdir("")[0] if store.exists("exports") or not hasattr(store, "bucket") else []
    files = [name for folder in folders for name in store.listdir(folder)[1]]
    assert files == []


def test_deleting_twice_is_fine(world, store):
    key = put(world, spool())
    assert storage.delete(key)
    assert storage.delete(key)
    assert not store.exists(key)


def test_removal_waits_for_its_time_and_is_recorded(world, store):
    key = put(world, spool())
    with world.scope("platform"):
        storage.remove_later(key, reason="expired")
    assert storage.remove_due() == 0
    assert store.exists(key)
    with world.scope("platform"):
        FileRemoval.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert storage.remove_due() == 1
    assert not store.exists(key)
    assert storage.remove_due() == 0
    with world.scope("platform"):
        assert FileRemoval.objects.get().deleted_at is not None


def test_orphans_go_after_a_day_and_known_files_stay(world, store, exports, monkeypatch):
    known = exports.make("finance", status="ready").file_key
    orphan = put(world, spool())
    part = spool()
    assert storage.sweep_orphans() == 0
    monkeypatch.setattr(storage, "ORPHAN_AGE", timedelta(seconds=-5))
    assert storage.sweep_orphans() == 2
    assert store.exists(known)
    assert not store.exists(orphan)
    assert not part.exists()


def test_an_old_spool_file_of_a_dead_worker_goes(world, store):
    path = spool()
    old = time.time() - 25 * 3600
    os.utime(path, (old, old))
    assert storage.sweep_orphans() == 1
    assert not path.exists()
