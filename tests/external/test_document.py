"""docs/external-data.md works as printed: its SQL, its app and its commands, with a real web server and worker."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command

from tests.exports_helpers import API, Web
from tests.external import crm
from tests.processes import ROOT, Processes, wait_for
from tests.world import PASSWORD

pytestmark = pytest.mark.processes


@pytest.fixture
def product(server, live, tmp_path, monkeypatch):
    """The document's settings in the environment of every process that is started from here."""
    crm.write_app(tmp_path)
    (text,) = [block for block in crm.blocks("", "settings") if "EXTERNAL_DATABASES" in block]
    values = dict(line.split("=", 1) for line in text.splitlines())
    assert values.keys() == {"EXTERNAL_DATABASES", "EXTRA_APPS"}
    printed = "postgresql://exportcenter_reader@db.example.com:5432/crm"
    monkeypatch.setenv("EXTERNAL_DATABASES", values["EXTERNAL_DATABASES"].replace(printed, crm.url()))
    monkeypatch.setenv("EXTRA_APPS", f"{os.environ['EXTRA_APPS']},{values['EXTRA_APPS']}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    call_command("compile_locale", verbosity=0)
    yield live
    crm.revoke()


def manage(line: str) -> str:
    """Run a line ``python manage.py …`` of the document; what it prints."""
    program, *arguments = line.split()
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture
def running(product, tmp_path):
    """(address of a web server), with a worker beside it."""
    (block,) = crm.blocks("bash")
    migrate, doctor = block.splitlines()
    assert "Traceback" not in manage(migrate)
    lines = [line for line in manage(doctor).splitlines() if "source" in line]
    printed = [line for text in crm.blocks("", "doctor") for line in text.splitlines()]
    assert [line.split("PostgreSQL 1")[0] for line in lines] == [line.split("PostgreSQL 1")[0] for line in printed]
    assert [line.partition(", ")[2] for line in lines] == [line.partition(", ")[2] for line in printed]
    crm.grant(product, "acme")
    processes, folder = Processes(tmp_path), tmp_path / "web"
    folder.mkdir()
    web = Web(folder)
    try:
        processes.worker(queues="exports,bells")
        yield web.address
    finally:
        web.close()
        processes.close()


def test_the_example_works_as_printed(running):
    (request,) = crm.blocks("json")
    with httpx.Client(base_url=running, trust_env=False) as http:
        token = http.post("/api/v1/auth/token", json={"username": "acme_admin", "password": PASSWORD}).json()
        http.headers["Authorization"] = f"Bearer {token['access']}"
        made = http.post(API, json=json.loads(request))
        assert made.status_code == 201, made.text

        def ended():
            job = http.get(f"{API}/{made.json()['job_id']}").json()
            return job if job["status"] in ("ready", "failed") else None

        job = wait_for(ended, 60, "the job does not end")
        assert job["status"] == "ready", job
        content = http.get(job["download_url"]).content.decode("utf-8-sig")
    heading, *found = [tuple(row) for row in csv.reader(io.StringIO(content, newline=""))]
    assert heading == ("合同号", "客户", "电话", "状态", "金额", "签订时间")
    wanted = [row for row in crm.rows("acme") if row[3] == "已签" and row[5] >= "2026-02-01"]
    assert len(wanted) > 1000
    assert found == wanted


def test_inspectdb_drafts_the_model(product):
    draft = manage("python manage.py inspectdb --database crm --include-views contract_export")
    assert "class ContractExport(models.Model):" in draft
    assert "managed = False" in draft
    assert Path(crm.DOCUMENT).read_text().count("inspectdb") == 1
