"""Whose rows come out of another database, in which snapshot, and that nothing goes in."""

import csv
import io
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connections

from jobs import storage
from jobs.datasets.router import ReadOnlySource
from tests.external import crm


def cells(job) -> list[tuple[str, ...]]:
    text = Path(storage.store().path(job.file_key)).read_bytes().decode("utf-8-sig")
    return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))][1:]


def test_each_company_gets_its_own_rows_only(source, ask, run):
    seen = {}
    for person, company in {"acme_admin": "acme", "globex_admin": "globex", "finance": "platform"}.items():
        job = run(ask(person))
        assert (job.status, job.row_count) == ("ready", 10_000)
        seen[company] = cells(job)
        assert seen[company] == crm.rows(company)
    assert not set(seen["acme"]) & set(seen["globex"])


@pytest.mark.parametrize("file_type", ["json", "xlsx"])
def test_other_formats_read_there_too(source, ask, run, file_type):
    job = run(ask("acme_admin", file_type=file_type, params={"status": ["signed"], "amount_min": 100_000}))
    assert job.status == "ready"
    wanted = [row for row in crm.rows("acme") if row[3] == "已签" and float(row[4]) >= 100_000]
    assert 0 < job.row_count == len(wanted)


def test_custom_selections_read_there_too(source, ask, run):
    body = {
        "dataset": crm.KEY,
        "columns": [{"key": "contract_no"}, {"key": "amount", "label": "合计"}],
        "order": [{"key": "amount", "descending": True}],
        "filters": [
            {"column": "status", "op": "in", "value": ["signed"]},
            {"column": "signed_at", "op": "range", "value": {"min": "2026-02-01", "max": "2026-03-31"}},
        ],
    }
    job = run(ask("acme_admin", dataset="reports_custom", params=body))
    assert job.status == "ready", job.error
    wanted = [
        (row[0], row[4]) for row in crm.rows("acme") if row[3] == "已签" and "2026-02-01" <= row[5][:10] <= "2026-03-31"
    ]
    assert len(wanted) > 1_000
    assert cells(job) == wanted[::-1]


def test_a_company_without_a_name_there_gets_nothing(source, ask, run, monkeypatch):
    from crm.datasets import Contracts

    with crm.admin() as direct:
        direct.execute("ALTER TABLE contract ALTER company_code DROP NOT NULL")
        direct.execute("UPDATE contract SET company_code = NULL WHERE id = 1")
    try:
        for nothing in (None, ""):
            monkeypatch.setattr(Contracts, "tenant_value", lambda self, tenant, value=nothing: value)
            job = run(ask("acme_admin"))
            assert (job.status, job.row_count) == ("ready", 0)
    finally:
        with crm.admin() as direct:
            direct.execute("UPDATE contract SET company_code = 'globex' WHERE id = 1")
            direct.execute("ALTER TABLE contract ALTER company_code SET NOT NULL")


def test_a_query_of_the_dataset_s_own_is_confined_too(source, ask, run, monkeypatch):
    from crm.datasets import Contracts
    from crm.models import Contract

    monkeypatch.setattr(Contracts, "select", lambda self, viewer: Contract.objects.exclude(status="ended"))
    job = run(ask("acme_admin"))
    assert cells(job) == [row for row in crm.rows("acme") if row[3] != "已终止"]


def test_what_is_the_platform_s_alone_is_refused_to_client_companies(source, ask, run, monkeypatch):
    from crm.datasets import Contracts

    from exportcenter.common.errors import PermissionRefused

    waiting = ask("acme_admin")
    monkeypatch.setattr(Contracts, "platform_only", True)
    with pytest.raises(PermissionRefused):
        ask("acme_admin")
    assert run(waiting).error["code"] == "FORBIDDEN"
    with source.scope("acme_admin"):
        assert not Contracts().rows(source.user("acme_admin")).exists()
    assert run(ask("finance")).row_count == 30_000


def test_the_file_is_one_snapshot_of_the_source(source, ask, run, monkeypatch):
    """Rows that come between counting and writing are not in the file."""
    from jobs.datasets.query import Plan

    summarised = Plan.summary

    def summary(self):
        found = summarised(self)
        with crm.admin() as direct:
            direct.execute(
                "INSERT INTO contract SELECT 30001, company_code, 'C-late', customer, phone, status, amount, signed_at "
                "FROM contract WHERE company_code = 'acme' LIMIT 1"
            )
        return found

    monkeypatch.setattr(Plan, "summary", summary)
    try:
        job = run(ask("acme_admin"))
        assert (job.status, job.row_count, len(cells(job))) == ("ready", 10_000, 10_000)
        assert job.created_at <= job.snapshot_at <= job.finished_at
    finally:
        with crm.admin() as direct:
            direct.execute("DELETE FROM contract WHERE id = 30001")


def test_django_writes_nothing_there(source):
    from crm.models import Contract

    with pytest.raises(ReadOnlySource, match="Contract"):
        Contract.objects.create(id=1)
    with pytest.raises(ReadOnlySource):
        Contract.objects.filter(pk=1).delete()
    with pytest.raises(ReadOnlySource):
        Contract.objects.update(customer="x")
    with pytest.raises(ProgrammingError, match="permission denied"):
        Contract.objects.using("crm").filter(pk=1).update(customer="x")
    assert Contract.objects.filter(company_code="acme").count() == 10_000  # reading finds its way by itself


def test_not_even_a_role_that_may_write_does_so(source):
    with crm.alias("careless", crm.url("postgres")), connections["careless"].cursor() as cursor:
        with pytest.raises(InternalError, match="read-only transaction"):
            cursor.execute("UPDATE contract SET customer = 'x'")


def test_the_role_writes_nothing_there_even_in_a_session_that_could(source):
    with psycopg.connect(crm.url(), autocommit=True) as direct:
        for statement in (
            "UPDATE contract_export SET customer = 'x'",
            "SELECT 1 FROM contract",
            "CREATE TABLE mine (id int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                direct.execute(statement)


def test_migrations_stay_away(source):
    with pytest.raises(CommandError, match="only read"):
        call_command("migrate", database="crm", verbosity=0)
    with crm.admin() as direct:
        assert direct.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'django_migrations'").fetchone() == (0,)


def test_a_session_is_read_only_and_bounded(source):
    with connections["crm"].cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout'), "
            "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), "
            "current_setting('application_name'), current_setting('TimeZone')"
        )
        assert cursor.fetchone() == ("on", "10min", "5s", "1min", "exportcenter", "UTC")
