"""The dialog of a new export: who may open it, what it is filled with, and that hostile addresses do no harm."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Role, RolePermission, User
from jobs import formats
from jobs.datasets import CUSTOM, all_datasets, custom, registry
from jobs.datasets.equivalent import condition_like
from jobs.datasets.query import plan
from jobs.exports import catalogue, definitions
from jobs.exports.pages.list_query import address_of
from jobs.exports.pages.script_words import script_words
from jobs.records.demo import fill
from tests.exports_helpers import API, signed_in

PATH = "/admin/exports/new"
ORDERS = "/admin/records/order/"
WITHOUT_PAGE = {
    "stats_monthly": "sums over orders: the page of orders shows the rows themselves",
    "stats_annual": "sums over orders: the page of orders shows the rows themselves",
}
"""Datasets of the product that no page of the admin lists, and why."""


@pytest.fixture
def sign_in(world):
    return lambda name: signed_in(world, name)


def open_dialog(client, **query):
    return client.get(PATH, query, HTTP_X_PART="part")


def draft_of(client, **query):
    response = open_dialog(client, **query)
    assert response.status_code == 200, response.content[:300]
    return response.context["draft"]


def of_page(client, query: str, dataset: str = "orders", source: str = ORDERS):
    return draft_of(client, dataset=dataset, source=source, query=query)


def button_in(html: str) -> dict[str, str]:
    """Attributes of the list's own button; empty without one."""
    found = re.search(r"<button[^>]*ec-list-export[^>]*>", html)
    return dict(re.findall(r'([\w-]+)="([^"]*)"', found[0])) if found else {}


class TestButton:
    @pytest.mark.parametrize("dataset", all_datasets(), ids=lambda dataset: dataset.key)
    def test_every_dataset_with_a_page_has_one(self, sign_in, dataset):
        address = address_of(dataset)
        if not address:
            ours = type(dataset).__module__.startswith("jobs.")
            assert dataset.key in WITHOUT_PAGE or not ours, f"{dataset.key} has no page: say why"
            return
        assert dataset.key not in WITHOUT_PAGE
        button = button_in(sign_in("admin").get(address).content.decode())
        assert button["data-new-export"] == dataset.key
        assert button["data-source"] == address

    def test_other_pages_have_none(self, sign_in):
        client = sign_in("admin")
        exported = {dataset.model for dataset in all_datasets() if dataset.is_first}
        for model in admin.site._registry:
            if model._meta.app_label == "accounts" and model not in exported:
                address = reverse(f"admin:accounts_{model._meta.model_name}_changelist")
                assert not button_in(client.get(address).content.decode()), model

    def test_it_carries_what_the_page_shows(self, sign_in):
        html = sign_in("operator").get(f"{ORDERS}?status__exact=paid&q=2026").content.decode()
        assert button_in(html)["data-query"] == "status__exact=paid&amp;q=2026"

    def test_without_the_right_it_says_why_and_opens_nothing(self, sign_in, world):
        forbid(world, "operator", "export.orders.create")
        button = button_in(sign_in("operator").get(ORDERS).content.decode())
        assert "data-new-export" not in button
        assert button["aria-disabled"] == "true"
        assert "订单" in button["data-reason"]


def forbid(world, role: str, code: str) -> None:
    with world.scope("platform"):
        assert RolePermission.objects.filter(role__key=role, permission=code).delete()[0] == 1


class TestRights:
    @pytest.mark.parametrize("name", ["admin", "finance", "risk", "operator"])
    def test_people_of_the_platform_choose(self, sign_in, name):
        response = open_dialog(sign_in(name))
        assert response.status_code == 200
        keys = {tile.key for family in response.context["families"] for tile in family.tiles}
        assert keys == {dataset.key for dataset in all_datasets()}
        assert open_dialog(sign_in(name), dataset="orders").status_code == 200

    @pytest.mark.parametrize("name", ["nobody", "acme_admin", "acme_user"])
    def test_others_do_not_get_in(self, sign_in, name):
        assert open_dialog(sign_in(name), dataset="members").status_code in (302, 403)

    def test_only_to_look(self, sign_in):
        assert sign_in("admin").post(PATH, {"dataset": "orders"}).status_code == 405

    def test_a_dataset_without_the_right_is_named_with_the_reason(self, sign_in, world):
        forbid(world, "operator", "export.orders.create")
        client = sign_in("operator")
        refused = open_dialog(client).context["refused"]
        assert [(tile.key, "订单" in tile.reason) for tile in refused] == [("orders", True)]
        response = open_dialog(client, dataset="orders")
        assert response.status_code == 403
        assert "订单" in response.json()["message"]

    @pytest.mark.parametrize("key", ["nope", "x" * 5_000, "or\0ders", CUSTOM, "<b>"])
    def test_an_unknown_dataset_is_not_found(self, sign_in, key):
        response = open_dialog(sign_in("operator"), dataset=key)
        assert response.status_code == 404
        assert "没有名为" in response.json()["message"]
        assert len(response.json()["message"]) < 200


class TestOfPage:
    @pytest.mark.parametrize(
        ("query", "params", "left_out"),
        [
            ("", {}, 0),
            (
                "status__exact=paid&channel__exact=app&p=3&all=&_facets=True",
                {"status": ["paid"], "channel": ["app"]},
                0,
            ),
            ("status__in=paid,done&region__exact=华东", {"region": ["华东"]}, 1),
            ("status__in=paid,shipped", {"status": ["paid", "shipped"]}, 0),
            ("q=2026", {"keyword": "2026"}, 0),
            ("q=20+26", {}, 1),
            ('q="2026"', {}, 1),
            ("o=-3", {}, 1),
            ("status__exact=bogus", {}, 1),
            ("status__isnull=True", {}, 1),
            ("buyer_phone__startswith=138", {}, 1),
            ("amount__gte=3", {}, 1),
            ("sku__exact=A-1", {"sku": "A-1"}, 0),
        ],
    )
    def test_filters_of_the_list_become_those_of_the_export(self, sign_in, query, params, left_out):
        draft = of_page(sign_in("operator"), query)
        assert draft.params == params
        assert len(draft.notes) == left_out

    def test_what_is_left_out_is_named(self, sign_in):
        notes = of_page(sign_in("operator"), "note__icontains=急&q=a+b").notes
        assert ["备注" in notes[0] and "急" in notes[0], "搜索" in notes[1] and "a b" in notes[1]] == [True, True]

    def test_the_page_and_the_export_have_the_same_rows(self, sign_in, world):
        with world.scope("platform"):
            fill(orders=300, seed=5)
        client = sign_in("operator")
        for query in ("", "status__exact=completed", "channel__exact=app&status__exact=completed", "q=2026"):
            draft = of_page(client, query)
            shown = client.get(f"{ORDERS}?{query}").context["cl"].queryset
            with world.scope("operator"):
                listed = shown.count()
                person = world.user("operator")
                exported = plan(
                    draft.dataset, viewer=person, params=draft.params, columns=None, zone=person.zone
                ).count()
            assert exported == listed
        assert listed > 0

    def test_columns_of_the_page_come_first(self, sign_in):
        client = sign_in("operator")
        response = open_dialog(client, dataset="orders", source=ORDERS)
        shown = [column.key for column in response.context["columns"] if column.chosen]
        listed = [cell.__name__ for cell in client.get(ORDERS).context["cl"].list_display if callable(cell)]
        assert shown == listed
        assert [one.key for one in response.context["sets"]] == ["page", "default", "all", "none"]

    def test_people_and_roles_keep_their_columns_and_filters(self, sign_in, world):
        client = sign_in("admin")
        with world.scope("platform"):
            role = Role.objects.get(key="finance")
        people = of_page(
            client,
            f"is_active__exact=0&user_roles__role__id__exact={role.pk}",
            "users",
            "/admin/accounts/user/",
        )
        assert (people.params, people.notes) == ({"is_active": False, "role": "finance"}, [])
        assert people.columns == [
            "code",
            "display_name",
            "username",
            "roles",
            "department",
            "is_active",
            "last_login",
        ]
        roles = of_page(client, "", "roles", "/admin/accounts/role/")
        assert (roles.columns, roles.notes) == (["title", "key", "users", "permission_count"], [])

    @pytest.mark.parametrize("role", ["x", "\0", "5f0c2c1e-8f0a-4d6e-9b1d-2f7f6f1f3a10"])
    def test_a_role_that_there_is_not_is_left_out(self, sign_in, role):
        draft = of_page(
            sign_in("admin"), urlencode({"user_roles__role__id__exact": role}), "users", "/admin/accounts/user/"
        )
        assert (draft.params, len(draft.notes)) == ({}, 1)

    @pytest.mark.parametrize(
        ("query", "params", "left_out"),
        [
            ("created_at__year=2026", {"start": "2026-01-01", "end": "2026-12-31"}, 0),
            ("created_at__year=2024&created_at__month=2", {"start": "2024-02-01", "end": "2024-02-29"}, 0),
            (
                "created_at__day=3&created_at__month=2&created_at__year=2026",
                {"start": "2026-02-03", "end": "2026-02-03"},
                0,
            ),
            ("created_at__year=2026&created_at__month=13", {}, 1),
            ("created_at__year=x", {}, 1),
        ],
    )
    def test_a_date_hierarchy_becomes_the_period(self, sign_in, monkeypatch, query, params, left_out):
        page = admin.site._registry[registry.get("orders").model]
        monkeypatch.setattr(page, "date_hierarchy", "created_at")
        draft = of_page(sign_in("operator"), query)
        assert (draft.params, len(draft.notes)) == (params, left_out)

    def test_another_source_is_no_page(self, sign_in):
        draft = of_page(sign_in("operator"), "status__exact=paid", source="/admin/exports/")
        assert (draft.params, draft.columns, draft.source) == ({}, None, "/admin/exports/")

    @pytest.mark.parametrize(
        "query",
        [
            "%00=1",
            "q=%00",
            "status__exact=%00",
            "sku__exact=%00",
            "sku__exact=" + "x" * 600,
            "status__in=" + ",".join(["paid"] * 600),
            "a" * 500 + "=" + "b" * 500,
            "&".join(f"f{number}=1" for number in range(300)),
            "__=1&__exact=1&pk__in=1&tenant__exact=1",
            "q=<script>alert(1)</script>",
            "created_at__year=99999",
            "%ff=%fe&status__exact=%ed%a0%80",
        ],
    )
    def test_hostile_queries_fill_in_nothing(self, sign_in, query):
        response = open_dialog(sign_in("operator"), dataset="orders", source=ORDERS, query=query)
        assert response.status_code == 200
        draft = response.context["draft"]
        assert (draft.params, 1 <= len(draft.notes) <= 11) in (
            ({}, True),
            ({"keyword": "<script>alert(1)</script>"}, False),
        )
        assert "<script>alert" not in response.content.decode()

    @pytest.mark.parametrize("source", ["a\nb", "x" * 201])
    def test_a_source_that_the_api_would_refuse_is_none(self, sign_in, source):
        assert draft_of(sign_in("operator"), dataset="orders", source=source).source == ""


class TestForm:
    @pytest.mark.parametrize("dataset", all_datasets(), ids=lambda dataset: dataset.key)
    def test_every_filter_has_an_input_and_every_column_a_box(self, sign_in, dataset):
        response = open_dialog(sign_in("admin"), dataset=dataset.key)
        html = response.content.decode()
        inputs = response.context["inputs"]
        assert {one.name for one in inputs} == set(dataset.filterset.base_filters)
        for one in inputs:
            assert html.count(f'data-error="params.{one.name}"') == 1
            assert f'name="{one.name}"' in html
        keys = [column.key for column in response.context["columns"]]
        assert sorted(keys) == sorted(column.key for column in dataset.columns)

    def test_masked_columns_are_marked_for_those_who_see_them_masked(self, sign_in):
        def marked(name):
            columns = open_dialog(sign_in(name), dataset="orders").context["columns"]
            return {column.key for column in columns if column.masked}

        masked = {column.key for column in registry.get("orders").columns if column.mask}
        assert masked
        assert marked("operator") == masked
        assert marked("admin") == set()

    def test_options_are_offered_where_the_format_takes_them(self):
        offered = catalogue.file_choices("csv", {})
        types = {one.value: set(one.formats.split()) for one in offered["switches"]}
        assert types == {
            "bom": {"csv"},
            "raw": set(formats.available()),
            "lines": {"json"},
            "about": {"xlsx", "parquet"},
        }
        assert {one.value: set(one.formats.split()) for one in offered["compressions"]} == {
            "none": {"csv", "json", "xlsx", "parquet"},
            "gzip": {"csv", "json"},
            "zip": {"csv", "json", "xlsx", "parquet"},
        }

    def test_what_the_form_says_is_what_the_api_takes(self, sign_in):
        """Every filter, as its input would send it."""
        client = sign_in("admin")
        values = {"date": "2026-01-31", "number": "3", "text": "1"}
        for dataset in all_datasets():
            inputs = open_dialog(client, dataset=dataset.key).context["inputs"]
            params = {
                one.name: [one.choices[0].value] if one.kind == "checks" else values.get(one.kind, one.value)
                for one in inputs
            }
            params |= {one.name: one.choices[-1].value for one in inputs if one.kind == "select"}
            body = {"type": dataset.key, "params": params, "columns": [dataset.columns[0].key]}
            response = client.post(f"{API}/estimate", body, content_type="application/json")
            assert response.status_code == 200, (dataset.key, response.json())

    def test_scripts_have_their_words(self):
        folder = Path(__file__).resolve().parents[4] / "static/js/exports"
        said = {
            key for path in folder.glob("new-export*.js") for key in re.findall(r'say\(\s*"(\w+)"', path.read_text())
        }
        words = script_words()
        assert said <= words.keys()
        assert {key for key in words if key.startswith("ne_")} <= said

    def test_queries_do_not_grow(self, sign_in, world, exports, django_assert_max_num_queries):
        for number in range(12):
            exports.make("operator", params={"keyword": str(number)})
            define(world, "operator", f"方案 {number}")
        client = sign_in("operator")
        with django_assert_max_num_queries(11):
            open_dialog(client)
        with django_assert_max_num_queries(9):
            of_page(client, "status__exact=paid")


def define(world, who: str, name: str, **body):
    with world.scope(who):
        return definitions.create_definition(
            dataset="orders", name=name, body={"columns": [{"key": "order_no"}], **body}, actor=world.user(who)
        )


class TestAgain:
    def test_the_last_different_ones_of_this_person(self, sign_in, exports):
        for params in ({"keyword": "1"}, {"keyword": "2"}, {"keyword": "1"}):
            last = exports.make("operator", params=params)
        exports.make("operator2", params={"keyword": "3"})
        recent = open_dialog(sign_in("operator")).context["recent"]
        assert [one.words for one in recent] == ["订单号开头 1", "订单号开头 2"]
        assert recent[0].number == last.job_no

    def test_everything_it_was_asked_with_comes_back(self, sign_in, exports):
        job = exports.make(
            "operator",
            params={"status": ["paid"], "amount_min": 5, "gone": "x"},
            columns=["amount", "order_no"],
            file_type="json",
            options={"lines": True, "compression": "gzip"},
        )
        response = open_dialog(sign_in("operator"), again=job.job_no)
        draft = response.context["draft"]
        assert draft.params == {"status": ["paid"], "amount_min": 5}
        assert "gone" in draft.notes[0]
        assert [column.key for column in response.context["columns"] if column.chosen] == ["amount", "order_no"]
        chosen = [
            one.value
            for name in ("file_types", "switches", "compressions")
            for one in response.context[name]
            if one.chosen
        ]
        assert chosen == ["json", "bom", "lines", "gzip"]
        values = {one.name: one.value for one in response.context["inputs"]}
        assert values["amount_min"] == "5"

    def test_not_what_somebody_else_asked_for(self, sign_in, exports):
        job = exports.make("operator", params={"keyword": "1"})
        assert open_dialog(sign_in("admin"), again=job.job_no).status_code == 403
        assert open_dialog(sign_in("operator2"), again=job.job_no).status_code == 404
        assert open_dialog(sign_in("operator2"), again="\0").status_code == 404

    def test_a_custom_export_is_asked_for_as_it_was(self, sign_in, world):
        client = sign_in("operator")
        params = {
            "dataset": "orders",
            "columns": [{"key": "order_no", "label": "单号"}],
            "order": [{"key": "amount", "descending": True}],
            "filters": [{"column": "created_at", "op": "last_month"}],
        }
        first = client.post(API, {"type": CUSTOM, "params": params}, content_type="application/json").json()
        response = open_dialog(client, again=first["job_id"])
        draft = response.context["draft"]
        assert response.context["headings"] == ["单号"]
        body = {"type": CUSTOM, "params": draft.wish}
        again = client.post(API, body, content_type="application/json")
        assert again.status_code == 201, again.json()
        assert again.json()["params"]["filters"][0]["value"] == first["params"]["filters"][0]["value"]

    def test_what_a_mask_would_hide_today_does_not_come_back(self, sign_in, world):
        client = sign_in("admin")
        params = {"dataset": "orders", "filters": [{"column": "buyer_phone", "op": "equals", "value": "13812345678"}]}
        job = client.post(API, {"type": CUSTOM, "params": params}, content_type="application/json").json()
        forbid(world, "admin", "data.contact")
        client = sign_in("admin")
        assert open_dialog(client).context["recent"] == []
        response = open_dialog(client, again=job["job_id"])
        assert response.status_code == 403
        assert "13812345678" not in response.content.decode()


class TestDefinition:
    def test_it_is_shown_in_words_and_run_as_it_is(self, sign_in, world):
        definition = define(
            world, "operator", "大单", filters=[{"column": "amount", "op": "range", "value": {"min": 9}}]
        )
        client = sign_in("operator")
        assert [one.name for one in open_dialog(client).context["definitions"]] == ["大单"]
        response = open_dialog(client, definition=str(definition.pk))
        draft = response.context["draft"]
        assert [title for title, _words in response.context["conditions"]] == ["金额"]
        body = {"type": CUSTOM, "params": draft.wish}
        assert client.post(API, body, content_type="application/json").status_code == 201

    def test_not_one_that_is_not_shared_gone_or_archived(self, sign_in, world):
        definition = define(world, "operator", "私有")
        assert open_dialog(sign_in("finance"), definition=str(definition.pk)).status_code == 404
        assert open_dialog(sign_in("finance")).context["definitions"] == []
        for key in ("x", "\0", str(uuid4())):
            assert open_dialog(sign_in("operator"), definition=key).status_code == 404
        with world.scope("operator"):
            definitions.archive_definition(definition.pk, actor=world.user("operator"))
        assert open_dialog(sign_in("operator"), definition=str(definition.pk)).status_code == 409

    @pytest.mark.parametrize(
        "dataset", [one for one in all_datasets() if not one.is_external], ids=lambda dataset: dataset.key
    )
    def test_a_filter_and_its_condition_choose_the_same_rows(self, world, dataset):
        with world.scope("platform"):
            fill(orders=300, seed=5)
        with world.scope("admin"):
            person = world.user("admin")
            for name in dataset.filterset.base_filters:
                like = condition_like(dataset, name)
                if like is None:
                    continue
                value = sample(dataset, name, person)
                if value is None:
                    continue
                narrowed = plan(dataset, viewer=person, params={name: value}, columns=None, zone=person.zone).count()
                meant = value == "true" if like.op == "equals" and value in ("true", "false") else value
                said = {"column": like.column, "op": like.op, "value": {like.end: meant} if like.end else meant}
                selection = custom.read(dataset, {"filters": [said]}, zone=person.zone)
                assert custom.plan_selection(selection, viewer=person, zone=person.zone).count() == narrowed, name

    def test_most_filters_of_orders_can_be_kept(self):
        orders = registry.get("orders")
        kept = {name for name in orders.filterset.base_filters if condition_like(orders, name)}
        assert kept == set(orders.filterset.base_filters)
        monthly = registry.get("stats_monthly")
        assert not any(condition_like(monthly, name) for name in monthly.filterset.base_filters)


def sample(dataset, name: str, person: User):
    """A value that some rows have, as the form sends it; None where no row has one."""
    if name in ("start", "end"):
        return "2026-06-15"
    declared = dataset.filterset.base_filters[name]
    found = dataset.rows(person).filter(**{f"{declared.field_name}__isnull": False})
    value = found.order_by("pk").values_list(declared.field_name, flat=True).first()
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(value)] if catalogue._kind(declared) == catalogue.CHECKS else str(value)


def test_the_facts_for_the_script_are_plain_json(sign_in):
    html = open_dialog(sign_in("operator"), dataset="orders").content.decode()
    facts = json.loads(re.search(r'<script id="new-export-facts"[^>]*>(.*?)</script>', html)[1])
    assert facts["type"] == "orders"
    assert facts["conditions"]["amount_min"] == {"column": "amount", "op": "range", "end": "min"}
