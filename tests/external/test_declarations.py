"""Settings and declarations that are wrong stop the start with a sentence."""

import os
import subprocess
import sys

import pytest
from django.db import models
from django.test.utils import isolate_apps

from exportcenter import external_databases
from jobs.datasets import GENERAL, Column, Dataset, ExternalDataset, registry
from jobs.datasets.filters import DatasetFilter
from jobs.datasets.registry import BadDataset
from jobs.records.models import Member
from tests.external import crm
from tests.processes import ROOT


def test_addresses_become_databases_with_limits():
    text = "crm=postgres://reader:p%20w@db:5433/crm?sslmode=require\n  dwh=postgresql://reader@/dwh?host=/run/pg"
    found = external_databases.parse(text, statement_seconds=7)
    assert list(found) == ["crm", "dwh"]
    one = found["crm"]
    assert (one["HOST"], one["PORT"], one["NAME"], one["USER"], one["PASSWORD"]) == (
        "db", "5433", "crm", "reader", "p w",
    )  # fmt: skip
    assert one["OPTIONS"]["sslmode"] == "require"
    assert one["OPTIONS"]["connect_timeout"] == 5
    assert "-c statement_timeout=7s" in one["OPTIONS"]["options"]
    assert one["CONN_MAX_AGE"] == 0
    assert found["dwh"]["HOST"] == "/run/pg"
    assert external_databases.parse(" \n", statement_seconds=7) == {}


def test_an_address_may_add_settings_but_not_undo_ours():
    url = "crm=postgresql://r@h/d?connect_timeout=900&options=-c%20search_path%3Dsales%20-c%20statement_timeout%3D0"
    options = external_databases.parse(url, statement_seconds=7)["crm"]["OPTIONS"]
    assert options["connect_timeout"] == 5
    words = options["options"].split()
    assert "search_path=sales" in words
    assert words.index("statement_timeout=0") < words.index("statement_timeout=7s")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postgresql://reader:hidden-word@db/crm", "word 1 is not alias=url"),
        ("crm", "word 1 is not alias=url"),
        ("default=postgresql://reader:hidden-word@db/crm", "not 'default'"),
        ("CRM=postgresql://reader:hidden-word@db/crm", "alias 'CRM'"),
        ("9crm=postgresql://reader:hidden-word@db/crm", "alias '9crm'"),
        ("crm=mysql://reader:hidden-word@db/crm", "must begin with postgresql://"),
        ("crm=postgresql://reader:hidden-word@db", "names no database"),
        ("crm=postgresql://db/crm", "names no user"),
        ("crm=postgresql://reader:hidden-word@db/crm?colour=red", "cannot read its address"),
        ("crm=postgresql://reader:hidden-word%zz@db/crm", "cannot read its address"),
        ("crm=postgresql://reader:hidden-word%FF@db/crm", "cannot read its address"),
        ("crm=postgresql://reader:hidden-word@db:54a/crm", "port"),
        ("crm=postgresql://r@db/crm crm=postgresql://reader:hidden-word@db/crm", "named twice"),
        ("crm=postgresql://reader:hidden word@db/crm", "crm|word 2"),
    ],
)
def test_wrong_settings_are_said_without_the_password(text, words):
    with pytest.raises(ValueError, match=words) as wrong:
        external_databases.parse(text, statement_seconds=7)
    assert "hidden-word" not in str(wrong.value)
    assert wrong.value.__cause__ is None


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"EXTERNAL_DATABASES": "crm=mysql://reader:hidden-word@db/crm"}, "alias 'crm'"),
        ({"EXTERNAL_CONNECTIONS": "0"}, "must be 1 or more"),
        ({"EXTERNAL_STATEMENT_TIMEOUT_SECONDS": "-1"}, "must be 1 or more"),
    ],
)
def test_the_start_ends_with_one_sentence(environment, words):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: EXTERNAL_")
    assert words in done.stderr
    assert "hidden-word" not in done.stderr


@pytest.fixture
def declare():
    """declare(**changes) → a dataset class over an unmanaged model, registered for nobody else."""
    before = dict(registry._datasets)

    def _declare(base=ExternalDataset, managed=False, **changes):
        with isolate_apps("jobs.records"):

            class Row(models.Model):  # noqa: DJ008 - never shown
                code = models.TextField()

                class Meta:
                    app_label = "records"

            Row._meta.managed = managed

        class RowFilter(DatasetFilter):
            class Meta(DatasetFilter.Meta):
                model = Row
                fields: list[str] = []

        body = {
            "key": "never",
            "title": "Never",
            "sensitivity": GENERAL,
            "model": Row,
            "filterset": RowFilter,
            "columns": (Column("code", "Code"),),
            "database": "crm",
            "tenant_field": "code",
        }
        return registry.register(type("Never", (base,), body | changes))

    with crm.alias("crm", "postgresql://reader@127.0.0.1:1/crm"):
        yield _declare
    registry._datasets.clear()
    registry._datasets.update(before)


def test_a_dataset_elsewhere_knows_its_database(declare):
    never = declare()
    assert registry.source_of(never.model) == "crm"
    assert registry.source_of(Member) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tenant_field": ""}, "needs tenant_field or platform_only"),
        ({"platform_only": True}, "needs tenant_field or platform_only"),
        ({"tenant_field": "company"}, "'company' leads nowhere"),
        ({"tenant_field": "code__company"}, "'code__company' leads nowhere"),
        ({"database": "elsewhere"}, "not in EXTERNAL_DATABASES"),
        ({"database": "default"}, "not in EXTERNAL_DATABASES"),
        ({"managed": True}, "managed = False"),
        ({"rows": lambda self, viewer: None}, "select"),
        ({"base": Dataset}, "must be an ExternalDataset"),
    ],
)
def test_declarations_that_leave_open_whose_rows_are_whose_are_refused(declare, changes, words):
    with pytest.raises(BadDataset, match=words):
        declare(**changes)


def test_tests_leave_no_trace():
    assert not {"never", crm.KEY} & {dataset.key for dataset in registry.all_datasets()}
