"""The catalogue says what the dialog offers, the API accepts and the policy allows."""

import pytest
from django.test import Client

from accounts import policy
from jobs import datasets, formats
from jobs.exports import catalogue
from tests.exports_helpers import API, ENGLISH, post

PATH = "/api/v1/datasets"
ITEM = [
    "key",
    "title",
    "sensitivity",
    "sensitivity_title",
    "may_export",
    "reason",
    "may_customise",
    "grouped",
    "lifetime_seconds",
    "columns",
    "filters",
]


def get(client, path: str = PATH, **headers):
    response = client.get(path, **(headers or ENGLISH))
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.parametrize("name", ["admin", "finance", "risk", "operator", "nobody", "acme_admin", "acme_user"])
def test_it_lists_what_one_sees_and_allows_what_the_policy_allows(world, sign_in, name):
    items = {item["key"]: item for item in get(sign_in(name))["items"]}
    with world.scope(name):
        user = world.user(name)
        for one in datasets.all_datasets():
            if one.platform_only and not user.is_staff:
                assert one.key not in items
                continue
            item, decision = items.pop(one.key), policy.may(user, policy.Action.EXPORT_CREATE, one)
            assert list(item) == ITEM
            assert (item["may_export"], bool(item["reason"])) == (bool(decision), not decision)
            assert bool(item["columns"]) == bool(decision)
            if not decision:
                assert item["filters"] == []
    assert items == {}


def test_everything_of_one_dataset(world, sign_in):
    found = get(sign_in("finance"), f"{PATH}/orders")
    declared = datasets.get("orders")
    assert list(found) == [*ITEM, "file_types", "limits"]
    assert (found["title"], found["sensitivity"], found["sensitivity_title"]) == ("Orders", "amount", "Amount")
    assert (found["may_export"], found["reason"], found["may_customise"]) == (True, "", True)
    assert found["lifetime_seconds"] == declared.lifetime.total_seconds()
    assert [column["key"] for column in found["columns"]] == [column.key for column in declared.columns]
    columns = {column["key"]: column for column in found["columns"]}
    assert columns["amount"] == {
        "key": "amount",
        "title": "Amount",
        "type": "money",
        "masked": False,
        "default": True,
    }
    assert columns["buyer_phone"]["masked"]
    filters = {one["key"]: one for one in found["filters"]}
    assert set(filters) == set(declared.filterset.base_filters)
    assert list(filters)[:2] == ["start", "end"]
    assert {name: filters["status"][name] for name in ("kind", "several", "required")} == {
        "kind": "choice",
        "several": True,
        "required": False,
    }
    assert {"value": "paid", "title": "Paid"} in filters["status"]["choices"]
    assert filters["start"]["kind"] == "date"


def test_titles_in_chinese_and_masks_of_the_reader(world, sign_in):
    found = get(sign_in("admin"), f"{PATH}/orders", HTTP_ACCEPT_LANGUAGE="zh-hans")
    assert (found["title"], found["sensitivity_title"]) == ("订单", "金额")
    assert not any(column["masked"] for column in found["columns"])


def test_every_file_type_and_option_that_is_offered_is_accepted_and_no_other(world, sign_in):
    client = sign_in("operator")
    offered = get(client, f"{PATH}/members")["file_types"]
    assert [one["key"] for one in offered] == [
        key for key in ("csv", "xlsx", "parquet", "json") if key in offered_keys()
    ]
    assert [one["key"] for one in offered if one["default"]] == ["csv"]
    assert {one["key"]: one["most_bytes"] for one in offered} == {
        key: formats.get(key).most_bytes for key in formats.available()
    }
    every = {option["key"]: option["values"] for one in offered for option in one["options"]}
    every["compression"] = ["none", "gzip", "zip"]
    for one in offered:
        taken = {option["key"]: option["values"] for option in one["options"]}
        for name, values in every.items():
            for value in values:
                wish = {"type": "members", "file_type": one["key"], "options": {name: value}}
                status = post(client, f"{API}/estimate", wish).status_code
                fits = value in taken.get(name, [])
                assert status == (200 if fits else 400) or value is False, (one["key"], name, value)


def offered_keys():
    return formats.available()


def test_every_filter_is_known_to_the_api_under_its_key(world, sign_in):
    client = sign_in("admin")
    for item in get(client)["items"]:
        for one in item["filters"]:
            value = (
                one["choices"][0]["value"] if one["choices"] else {"date": "2026-01-02", "number": 1}.get(one["kind"])
            )
            params = {one["key"]: [value] if one["several"] else value or "x"}
            answer = post(client, f"{API}/estimate", {"type": item["key"], "params": params})
            wrong = answer.json().get("details", {})
            assert not any("no filter" in " ".join(words) for words in wrong.values()), (item["key"], one, wrong)


def test_limits(world, sign_in, settings):
    settings.QUEUED_PER_USER = 7
    limits = get(sign_in("admin"))["limits"]
    assert limits == {
        "attempt_seconds": 1200,
        "split_bytes": settings.EXPORT_SPLIT_BYTES,
        "part_bytes": settings.EXPORT_PART_BYTES,
        "waiting_per_person": 7,
        "waiting_per_company": 100_000,
    }


def test_what_is_not_there_or_not_for_one_is_not_found_alike(world, sign_in, monkeypatch):
    monkeypatch.setattr(type(datasets.get("orders")), "platform_only", True)
    client, bodies = sign_in("acme_admin"), []
    for key in ("orders", "nothing", "a%00b"):
        response = client.get(f"{PATH}/{key}", **ENGLISH)
        assert response.status_code == 404
        bodies.append(response.json()["code"])
    assert set(bodies) == {"NOT_FOUND"}
    assert get(sign_in("finance"), f"{PATH}/orders")["may_export"]


def test_refusals(world, sign_in):
    for path in (PATH, f"{PATH}/orders"):
        assert Client().get(path).status_code == 401
        assert sign_in("admin").post(path).status_code == 405
        assert list(sign_in("admin").get(f"{path}?x=1").json()["details"]) == ["x"]


def test_the_dialog_shows_the_same(world, sign_in):
    """Its tiles and the refused ones are the catalogue's, for each role."""
    for name in ("finance", "operator"):
        page = sign_in(name).get("/admin/exports/new").content.decode()
        with world.scope(name):
            for offer in catalogue.offers(world.user(name)):
                assert (f"dataset={offer.dataset.key}" in page or f'"{offer.dataset.key}"' in page) == bool(
                    offer.decision
                )
