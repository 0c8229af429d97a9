"""Fixtures: the CRM of docs/external-data.md beside our own database."""

import contextlib

import pytest

from jobs.engine import kinds, runner
from jobs.exports import services
from jobs.models import ExportJob
from tests.external import crm


@pytest.fixture(scope="module")
def server():
    """The other database and its role."""
    crm.create()
    yield
    crm.drop()


@pytest.fixture
def source(server, live, tmp_path, monkeypatch):
    """The alias, the app and the rights; people of acme, globex and the platform may export contracts."""
    folder = tmp_path / "path"
    folder.mkdir()
    crm.write_app(folder)
    with contextlib.ExitStack() as stack:
        stack.callback(crm.revoke)
        stack.enter_context(crm.alias("crm", crm.url()))
        stack.enter_context(crm.app(folder))
        crm.grant(live, "acme", "globex")
        yield live


@pytest.fixture
def ask(source):
    """ask("finance", **request) → a queued export of contracts."""

    def _ask(name: str, **request) -> ExportJob:
        values = {"dataset": crm.KEY, "file_type": "csv", "params": {}} | request
        with source.scope(name):
            return services.request_export(actor=source.user(name), **values)

    return _ask


@pytest.fixture
def run(source):
    """run(job) → the job after one attempt."""

    def _run(job: ExportJob) -> ExportJob:
        assert runner.run_one_due(kinds.get("export"), ring=False)
        return reload(source, job)

    return _run


def reload(world, job: ExportJob) -> ExportJob:
    slug = next(slug for slug, tenant_id in world.tenants.items() if tenant_id == job.tenant_id)
    with world.scope(slug):
        return ExportJob.objects.get(pk=job.pk)
