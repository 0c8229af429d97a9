"""Notifications, views, preferences and previews in the admin: read-only, no rows of previews, no other company."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exportcenter import urls  # noqa: F401 - registers what the product shows
from jobs.models import Event, ExportPreview, Notification, PagePreference, SavedView
from tests.accounts import rows
from tests.exports_helpers import signed_in
from tests.jobs.notices.conftest import told, wish

__all__ = ["told", "wish"]
SECRET = "13800138000"


def list_of(model) -> str:
    return reverse(f"admin:jobs_{model._meta.model_name}_changelist")


def page_of(row) -> str:
    return reverse(f"admin:jobs_{row._meta.model_name}_change", args=[row.pk])


def text(client, path, query=None) -> str:
    response = client.get(path, query or {})
    assert response.status_code == 200, response
    return response.content.decode()


@pytest.fixture
def client(world):
    return signed_in(world, "admin")


def found(client, model, **query) -> list:
    return list(client.get(list_of(model), query).context["cl"].result_list)


class TestNotifications:
    def test_search_by_subject_and_filters(self, world, client, told, wish):
        wish(world, "finance", mail=["failed"])
        ready, failed = told(world, "finance", subject="E1"), told(world, "finance", "export.failed", subject="E2")
        assert found(client, Notification, q="E2") == [failed]
        assert found(client, Notification, q="E") == []
        assert found(client, Notification, kind="export.ready") == [ready]
        assert found(client, Notification, mail__exact="queued") == [failed]
        page = text(client, page_of(failed))
        assert "等待发送" in page
        assert "E2" in page

    def test_every_state_of_mail_has_a_tone(self, world, client, told):
        for number, mail in enumerate(("none", "queued", "sent", "failed", "unknown")):
            row = told(world, "finance", subject=f"E{number}")
            with world.scope("finance"):
                Notification.objects.filter(pk=row.pk).update(mail=mail)
        page = text(client, list_of(Notification))
        assert all(word in page for word in ("不需要", "等待发送", "已发送", "失败", "不确定"))

    def test_other_companies_are_out_of_sight(self, world, client, told):
        theirs = told(world, "acme_admin", subject="E77")
        assert found(client, Notification) == found(client, Notification, q="E77") == []
        assert client.get(page_of(theirs)).status_code == 302

    @pytest.mark.parametrize("lookup", ["data__rows", "user__password__startswith", "mail_error__contains"])
    def test_only_the_filters_offered(self, client, lookup):
        assert client.get(list_of(Notification), {lookup: "1"}).status_code in (302, 400)


class TestPreviews:
    @pytest.fixture
    def preview(self, world, exports):
        job = exports.make("finance", status="ready")
        with world.scope("finance"):
            return ExportPreview.objects.create(job=job, rows=[[SECRET, "x"], [None, "y"], ["a", "b"]])

    def test_how_many_rows_and_none_of_them(self, client, preview):
        for path in (list_of(ExportPreview), page_of(preview)):
            page = text(client, path)
            assert preview.job.job_no in page
            assert SECRET not in page
        (row,) = found(client, ExportPreview, q=preview.job.job_no)
        assert row.row_number == 3

    def test_the_rows_are_not_even_read(self, client, preview):
        with CaptureQueriesContext(connection) as queries:
            client.get(list_of(ExportPreview))
            client.get(page_of(preview))
        column = '"jobs_exportpreview"."rows"'
        said = [query["sql"].replace(f"jsonb_array_length({column})", "length") for query in queries]
        assert sum("length" in sql for sql in said) >= 2
        assert [sql for sql in said if column in sql] == []

    @pytest.mark.parametrize("lookup", ["rows__0__0__startswith", "rows__contains", "job__params__contains"])
    def test_the_rows_cannot_be_asked_for_letter_by_letter(self, client, preview, lookup):
        assert client.get(list_of(ExportPreview), {lookup: "1"}).status_code in (302, 400)


class TestViewsAndPreferences:
    def test_what_is_stored_is_shown(self, world, client):
        with world.scope("admin"):
            view = rows.one_of(SavedView, world.user("admin"))
            SavedView.objects.update(query={"q": ["E2026"]}, shared="roles", roles=["finance"])
            preference = rows.one_of(PagePreference, world.user("admin"))
        page = text(client, page_of(view))
        assert "E2026" in page
        assert "finance" in page
        assert "compact" in text(client, page_of(preference))
        assert found(client, SavedView, shared__exact="roles") == [view]
        assert found(client, SavedView, q="nothing") == []

    def test_people_who_do_not_see_every_job_see_none_of_it(self, world):
        client = signed_in(world, "finance")
        for model in (Notification, SavedView, PagePreference, ExportPreview):
            assert client.get(list_of(model)).status_code == 403, model

    def test_they_are_in_the_sidebar(self, client):
        page = client.get("/admin/")
        links = {item["link"] for group in page.context["sidebar_navigation"] for item in group["items"]}
        assert {list_of(model) for model in (Notification, SavedView, PagePreference, ExportPreview)} <= links

    def test_queries_do_not_grow_with_rows(self, world, client, told, django_assert_max_num_queries):
        for number in range(12):
            told(world, "finance", subject=f"E{number}")
        text(client, list_of(Notification))
        with django_assert_max_num_queries(12):
            text(client, list_of(Notification))


def test_events_of_notifications_say_what_was_told(world, client, told):
    told(world, "admin")
    assert "export.ready" in text(client, list_of(Event), {"type": "notification"})
    assert admin.site.is_registered(Event)
