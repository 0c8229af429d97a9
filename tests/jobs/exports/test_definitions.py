"""Definitions of custom exports: who sees, changes and runs them; versions; what a run fixes."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from accounts import policy
from accounts.audit import Operation
from accounts.models import User
from accounts.services import set_roles
from exportcenter.common import clock
from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused, StateConflict
from jobs import storage
from jobs.engine import kinds, runner
from jobs.exports import definitions, planning, services
from jobs.models import DefinitionVersion, ExportDefinition, ExportJob
from tests.exports_helpers import Trail
from tests.jobs.records import samples

BODY = {
    "columns": [{"key": "order_no", "label": "单号"}, {"key": "amount"}],
    "order": [{"key": "amount", "descending": True}],
    "filters": [{"column": "created_at", "op": "last_month"}],
}
FIRST_OF_APRIL = datetime(2024, 3, 31, 16, 30, tzinfo=UTC)
"""In Shanghai; in New York it is still March, so that "last month" is a February with 29 days."""


@pytest.fixture
def at(monkeypatch):
    """at(moment): the clock stands still there."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def define(world, who: str, /, **changes) -> ExportDefinition:
    values = {"dataset": "orders", "name": "月结", "body": BODY} | changes
    with world.scope(who):
        return definitions.create_definition(actor=world.user(who), **values)


def run_by(world, name: str, definition: ExportDefinition, **options) -> ExportJob:
    with world.scope(name):
        return definitions.run_definition(definition.pk, actor=world.user(name), **options)


class TestSharing:
    SEEN_BY = {
        "private": {"operator", "admin"},
        "roles": {"operator", "admin", "finance"},
        "tenant": {"operator", "admin", "finance", "operator2", "risk", "nobody"},
    }
    PEOPLE = ("operator", "operator2", "finance", "risk", "nobody", "admin", "acme_admin", "globex_admin")

    @pytest.mark.parametrize("shared", SEEN_BY)
    def test_who_sees_it_and_who_changes_it(self, world, shared):
        roles = ["finance"] if shared == "roles" else []
        definition = define(world, "operator", shared=shared, roles=roles)
        for name in self.PEOPLE:
            with world.scope(name):
                user = world.user(name)
                listed = ExportDefinition.objects.visible_to(user).filter(pk=definition.pk).exists()
                seen = name in self.SEEN_BY[shared]
                decision = policy.may(user, policy.Action.DEFINITION_VIEW, definition)
                assert (listed, bool(decision)) == (seen, seen), name
                assert decision.hidden != seen
                changes = policy.may(user, policy.Action.DEFINITION_CHANGE, definition)
                assert bool(changes) == (name in {"operator", "admin"}), name
                if not seen:
                    with pytest.raises(NotFound):
                        definitions.find_visible(definition.pk, user)

    def test_a_role_that_is_taken_away_takes_the_view(self, world):
        definition = define(world, "operator", shared="roles", roles=["finance"])
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=[], actor=None)
            with pytest.raises(NotFound):
                definitions.find_visible(definition.pk, world.user("finance"))

    @pytest.mark.parametrize(
        ("shared", "roles", "field"),
        [
            ("everybody", [], "shared"),
            ("roles", [], "roles"),
            ("roles", ["no such role"], "roles"),
            ("roles", ["client_admin"], "roles"),
            ("tenant", ["finance"], "roles"),
            ("roles", "finance", "roles"),
            ("roles", [None], "roles"),
            ("roles", ["finance"] * 51, "roles"),
        ],
    )
    def test_sharing_is_checked(self, world, shared, roles, field):
        definition = define(world, "operator")
        with world.scope("operator"), pytest.raises(InvalidParameters) as refused:
            definitions.share_definition(definition.pk, shared=shared, roles=roles, actor=world.user("operator"))
        assert list(refused.value.details) == [field]

    @pytest.mark.parametrize("name", ["finance", "operator2", "nobody"])
    def test_others_change_nothing(self, world, name):
        definition = define(world, "operator", shared="tenant")
        with world.scope(name):
            user = world.user(name)
            for change in (
                lambda: definitions.update_definition(definition.pk, expected_version=1, name="x", actor=user),
                lambda: definitions.share_definition(definition.pk, shared="private", actor=user),
                lambda: definitions.archive_definition(definition.pk, actor=user),
            ):
                with pytest.raises(PermissionRefused, match=r"副本|copy"):
                    change()
            definition.refresh_from_db()
        assert (definition.name, definition.shared, definition.archived_at) == ("月结", "tenant", None)


class TestVersions:
    def test_a_new_content_is_a_new_version_and_the_old_one_stays(self, world):
        definition = define(world, "finance")
        other = BODY | {"filters": []}
        trail = Trail(world, "finance")
        with world.scope("finance"):
            user = world.user("finance")
            changed = definitions.update_definition(
                definition.pk, expected_version=1, body=other, comment="without period", actor=user
            )
            same = definitions.update_definition(
                definition.pk, expected_version=2, body=other, name="月结 2", actor=user
            )
            bodies = {one.number: one.body for one in DefinitionVersion.objects.filter(definition=definition)}
        assert (changed.version, same.version, same.name) == (2, 2, "月结 2")
        assert bodies == {
            1: BODY | {"file_type": "csv", "options": {}},
            2: other | {"file_type": "csv", "options": {}},
        }
        first, second = trail.entries(Operation.EXPORT_DEFINITION_UPDATE)
        assert (first.details["changed"], first.details["version"]) == (["body"], 2)
        assert second.details["changed"] == ["name"]

    def test_two_editors_do_not_overwrite_each_other(self, world):
        definition = define(world, "finance")
        with world.scope("finance"):
            user = world.user("finance")
            definitions.update_definition(definition.pk, expected_version=1, body=BODY | {"order": []}, actor=user)
            with pytest.raises(StateConflict) as refused:
                definitions.update_definition(definition.pk, expected_version=1, name="mine", actor=user)
            assert refused.value.details == {"version": 2}
            assert ExportDefinition.objects.get(pk=definition.pk).name == "月结"

    @pytest.mark.parametrize(
        "statement", ["UPDATE jobs_definitionversion SET comment = 'x'", "DELETE FROM jobs_definitionversion"]
    )
    def test_the_database_refuses_to_change_a_version(self, world, statement):
        define(world, "finance")
        with world.scope("finance"), pytest.raises(IntegrityError, match="never change"):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

    def test_names_are_unique_per_owner_among_those_in_use(self, world):
        definition = define(world, "finance")
        define(world, "operator")
        with pytest.raises(InvalidParameters) as refused:
            define(world, "finance")
        assert list(refused.value.details) == ["name"]
        with world.scope("finance"):
            user = world.user("finance")
            definitions.archive_definition(definition.pk, actor=user)
            with pytest.raises(StateConflict):
                definitions.archive_definition(definition.pk, actor=user)
        second = define(world, "finance")
        with world.scope("finance"):
            with pytest.raises(InvalidParameters) as refused:
                definitions.restore_definition(definition.pk, actor=user)
            assert list(refused.value.details) == ["name"]
            definitions.update_definition(second.pk, expected_version=1, name="other", actor=user)
            assert definitions.restore_definition(definition.pk, actor=user).archived_at is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": " x"}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"name": "a\0"}, "name"),
            ({"description": "x" * 501}, "description"),
            ({"description": "\0"}, "description"),
            ({"comment": "\ud800"}, "comment"),
            ({"dataset": "payroll"}, "dataset"),
            ({"dataset": "reports_custom"}, "dataset"),
            ({"body": []}, "body"),
            ({"body": {"sql": "SELECT 1"}}, "body.sql"),
            ({"body": {"columns": [{"key": "password"}]}}, "body.columns.0.key"),
            ({"body": {"file_type": "exe"}}, "body.file_type"),
            ({"body": {"file_type": ["csv"]}}, "body.file_type"),
            ({"body": {"options": []}}, "body.options"),
            ({"body": {"options": {"password": 1}}}, "body.options.password"),
            ({"body": {"file_type": "xlsx", "options": {"bom": True}}}, "body.options.bom"),
        ],
    )
    def test_what_is_saved_is_checked(self, world, change, field):
        with pytest.raises(InvalidParameters) as refused:
            define(world, "finance", **change)
        assert list(refused.value.details) == [field]
        with world.scope("finance"):
            assert ExportDefinition.objects.count() == DefinitionVersion.objects.count() == 0

    def test_a_default_choice_is_written_down(self, world):
        definition = define(world, "finance", body={})
        with world.scope("finance"):
            body = definitions.current_version(definition).body
        assert len(body["columns"]) == 14
        assert (body["order"], body["filters"], body["file_type"]) == ([], [], "csv")


class TestRun:
    def test_a_run_fixes_the_period_and_the_next_month_moves_on(self, world, at):
        definition = define(world, "finance")
        at(FIRST_OF_APRIL)
        job = run_by(world, "finance", definition)
        assert job.params == {
            "dataset": "orders",
            "zone": "Asia/Shanghai",
            "columns": BODY["columns"],
            "order": BODY["order"],
            "filters": [
                {
                    "column": "created_at",
                    "op": "range",
                    "value": {"min": "2024-03-01", "max": "2024-03-31"},
                    "period": "last_month",
                }
            ],
            "definition": str(definition.pk),
            "version": 1,
            "name": "月结",
        }
        assert (job.type, job.dataset, job.sensitivity, job.columns) == (
            "reports_custom",
            "orders",
            "amount",
            ["order_no", "amount"],
        )
        at(datetime(2024, 5, 1, 3, tzinfo=UTC))
        later = run_by(world, "finance", definition)
        assert later.params["filters"][0]["value"] == {"min": "2024-04-01", "max": "2024-04-30"}

    def test_the_day_is_that_of_the_person_who_asks(self, world, at):
        definition = define(world, "finance", shared="tenant")
        with world.scope("risk"):
            User.objects.filter(pk=world.users["risk"][1]).update(time_zone="America/New_York")
        at(FIRST_OF_APRIL)
        job = run_by(world, "risk", definition)
        assert job.params["zone"] == "America/New_York"
        assert job.params["filters"][0]["value"] == {"min": "2024-02-01", "max": "2024-02-29"}

    def test_the_right_is_the_runners_at_that_time(self, world):
        definition = define(world, "finance", shared="tenant")
        with pytest.raises(PermissionRefused):
            run_by(world, "nobody", definition)
        assert run_by(world, "operator2", definition).owner_id == world.users["operator2"][1]
        with world.scope("operator2"):
            set_roles(user=world.user("operator2"), roles=[], actor=None)
        with pytest.raises(PermissionRefused):
            run_by(world, "operator2", definition)

    def test_writing_one_needs_the_right_to_the_dataset(self, world):
        with pytest.raises(PermissionRefused):
            define(world, "nobody")
        with pytest.raises(PermissionRefused):
            define(world, "acme_admin")
        define(world, "acme_admin", dataset="members", body={})

    @pytest.mark.parametrize(
        "body",
        [
            {"filters": [{"column": "buyer_phone", "op": "starts_with", "value": "138"}]},
            {"order": [{"key": "buyer_name"}]},
        ],
    )
    def test_a_masked_column_needs_the_right_of_the_one_who_runs(self, world, body):
        with pytest.raises(PermissionRefused) as refused:
            define(world, "finance", body=body)
        assert [place.partition(".")[0] for place in refused.value.details] == ["body"]
        definition = define(world, "risk", body=body, shared="tenant")
        with pytest.raises(PermissionRefused) as refused:
            run_by(world, "finance", definition)
        assert [place.partition(".")[0] for place in refused.value.details] == ["params"]
        job = run_by(world, "risk", definition)
        with world.scope("finance"):
            shown = planning.shown_params(job, world.user("finance"))
        assert "138" not in str(shown["filters"])
        with world.scope("risk"):
            assert planning.shown_params(job, world.user("risk")) == job.params

    def test_file_type_and_options_are_the_definitions_unless_said(self, world):
        body = {"file_type": "json", "options": {"lines": True}}
        definition = define(world, "finance", body=body)
        job = run_by(world, "finance", definition)
        assert (job.file_type, job.options) == ("json", {"lines": True})
        job = run_by(world, "finance", definition, options={})
        assert (job.file_type, job.options) == ("json", {})
        job = run_by(world, "finance", definition, file_type="csv")
        assert (job.file_type, job.options) == ("csv", {})

    def test_an_older_version_can_be_run(self, world):
        definition = define(world, "finance")
        with world.scope("finance"):
            definitions.update_definition(
                definition.pk, expected_version=1, body={"columns": [{"key": "sku"}]}, actor=world.user("finance")
            )
        assert run_by(world, "finance", definition).columns == ["sku"]
        job = run_by(world, "finance", definition, version=1)
        assert (job.columns, job.definition_version) == (["order_no", "amount"], 1)
        with pytest.raises(InvalidParameters) as refused:
            run_by(world, "finance", definition, version=3)
        assert list(refused.value.details) == ["params.version"]

    def test_an_archived_one_is_not_run(self, world):
        definition = define(world, "finance")
        with world.scope("finance"):
            definitions.archive_definition(definition.pk, actor=world.user("finance"))
        with pytest.raises(StateConflict):
            run_by(world, "finance", definition)

    def test_a_column_that_is_gone_is_named(self, world, superuser):
        definition = define(world, "finance")
        with world.scope("finance"):
            version = definitions.current_version(definition)
            body = version.body | {"columns": [{"key": "gone"}]}
            DefinitionVersion.objects.create(
                definition=definition, number=2, body=body, created_by=world.user("finance"), created_at=clock.now()
            )
            ExportDefinition.objects.filter(pk=definition.pk).update(version=2)
        with pytest.raises(InvalidParameters) as refused:
            run_by(world, "finance", definition)
        assert list(refused.value.details) == ["params.columns.0.key"]

    def test_the_trail_names_definition_and_dataset(self, world):
        definition = define(world, "finance")
        trail = Trail(world, "finance")
        run_by(world, "finance", definition)
        (entry,) = trail.entries(Operation.EXPORT_JOB_CREATE)
        named = {name: entry.details[name] for name in ("type", "dataset", "definition", "version")}
        assert named == {"type": "reports_custom", "dataset": "orders", "definition": str(definition.pk), "version": 1}


# --- with a worker ------------------------------------------------------------------------------------------
@pytest.fixture
def march(live):
    """Orders round the borders of March 2024, as they are in Shanghai."""
    with live.scope("platform"):
        for number, (amount, moment) in enumerate(
            [
                (10, datetime(2024, 2, 29, 15, 59, 59, tzinfo=UTC)),
                (20, datetime(2024, 2, 29, 16, tzinfo=UTC)),
                (30, datetime(2024, 3, 31, 15, 59, 59, tzinfo=UTC)),
                (40, datetime(2024, 3, 31, 16, tzinfo=UTC)),
            ],
            1,
        ):
            samples.order(f"A{number}", amount=Decimal(amount), created_at=moment)
    return live


def work(live, job: ExportJob) -> tuple[ExportJob, list[list[str]]]:
    """Run the job; the row and the lines of its file."""
    assert runner.run_one_due(kinds.get("export"), ring=False)
    with live.scope("platform"):
        done = ExportJob.objects.get(pk=job.pk)
    if done.status != "ready":
        return done, []
    text = Path(storage.store().path(done.file_key)).read_bytes().decode("utf-8-sig")
    return done, list(csv.reader(io.StringIO(text, newline="")))


def test_the_file_is_what_was_asked_for_and_a_retry_by_somebody_elsewhere_too(march, at, monkeypatch):
    with monkeypatch.context() as still:
        still.setattr(clock, "now", lambda: FIRST_OF_APRIL)
        job = run_by(march, "finance", define(march, "finance"))
    expected = [["单号", "金额"], ["A3", "30.00"], ["A2", "20.00"]]
    done, lines = work(march, job)
    assert (done.status, lines) == ("ready", expected)
    with march.scope("admin"):
        User.objects.filter(pk=march.users["admin"][1]).update(time_zone="America/New_York")
        again = services.retry_export(job.job_no, actor=march.user("admin"))
    assert (again.params, again.definition_id, again.definition_version) == (job.params, job.definition_id, 1)
    done, lines = work(march, again)
    with march.scope("admin"):
        User.objects.filter(pk=march.users["admin"][1]).update(time_zone="Asia/Shanghai")
    assert (done.status, lines) == ("ready", expected)


def test_a_mask_right_that_is_gone_when_the_job_runs_fails_it(march):
    body = {"filters": [{"column": "buyer_phone", "op": "starts_with", "value": "138"}]}
    definition = define(march, "risk", body=body)
    job = run_by(march, "risk", definition)
    with march.scope("risk"):
        set_roles(user=march.user("risk"), roles=["finance"], actor=None)
    try:
        done, _lines = work(march, job)
        assert (done.status, done.error["code"], done.file_key) == ("failed", "FORBIDDEN", None)
    finally:
        with march.scope("risk"):
            set_roles(user=march.user("risk"), roles=["risk"], actor=None)


def test_facts_do_not_tell_what_a_mask_hides(march):
    body = {"filters": [{"column": "buyer_phone", "op": "starts_with", "value": "1381234"}]}
    done, _lines = work(march, run_by(march, "risk", define(march, "risk", body=body)))
    assert "1381234" in str(done.facts["filters"])
    for name, told in {"risk": True, "admin": True, "finance": False}.items():
        with march.scope(name):
            facts = planning.shown_facts(done, march.user(name))
        assert ("1381234" in str(facts)) is told, name
        assert len(facts["filters"]) == 1
        assert facts["rows"] == 4


def test_rights_to_the_file_are_those_of_the_dataset(march):
    done, lines = work(march, run_by(march, "finance", define(march, "finance", body={"columns": [{"key": "sku"}]})))
    assert len(lines) == 5
    for name, allowed in {"finance": True, "admin": True, "operator": False, "risk": False}.items():
        with march.scope(name):
            assert bool(policy.may(march.user(name), policy.Action.EXPORT_DOWNLOAD, done)) is allowed, name
    with march.scope("finance"):
        user = march.user("finance")
        user.permissions = user.permissions - {"export.orders.download"}
        assert not policy.may(user, policy.Action.EXPORT_DOWNLOAD, done)
        user.permissions = user.permissions - {"export.orders.create"}
        assert not policy.may(user, policy.Action.EXPORT_RETRY, done)


def test_the_row_scope_is_that_of_the_dataset(march):
    with march.scope("platform"):
        samples.order("S1", region="华南")
    _done, lines = work(march, run_by(march, "operator", define(march, "operator", body={})))
    assert [line[0] for line in lines[1:]] == ["A1", "A2", "A3", "A4"]


def test_where_a_job_comes_from_never_changes(live):
    job = run_by(live, "finance", define(live, "finance"))
    with live.scope("finance"), pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        ExportJob.objects.filter(pk=job.pk).update(definition_version=2)


def test_a_job_cannot_come_from_another_companys_definition(live, superuser):
    definition = define(live, "acme_admin", dataset="members", body={})
    job = run_by(live, "finance", define(live, "finance"))
    superuser.execute("ALTER TABLE jobs_exportjob DISABLE TRIGGER origin_frozen")
    try:
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="definition_id_tenant_fk"):
            superuser.execute("UPDATE jobs_exportjob SET definition_id = %s WHERE id = %s", [definition.pk, job.pk])
    finally:
        superuser.execute("ALTER TABLE jobs_exportjob ENABLE TRIGGER origin_frozen")
