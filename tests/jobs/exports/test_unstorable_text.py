"""NUL and halves of surrogate pairs: no text of the database holds them, and every door says so."""

import json

import pytest
from django.db import DataError, transaction

from jobs.models import ExportDefinition, ExportJob
from jobs.records.models import Member
from tests.exports_helpers import API, ENGLISH
from tests.jobs.formats.test_csv import add

DEFINITIONS = "/api/v1/export-definitions"
COLUMNS = [{"key": "order_no"}]


def export(**changes):
    return API, {"type": "orders"} | changes


def definition(name="x", **body):
    return DEFINITIONS, {"dataset": "orders", "name": name, "body": {"columns": COLUMNS} | body}


DOORS = {
    "export type": lambda bad: export(type=bad),
    "file type": lambda bad: export(file_type=bad),
    "filter": lambda bad: export(params={"keyword": bad}),
    "filter in a list": lambda bad: export(params={"status": [bad]}),
    "filter's name": lambda bad: export(params={bad: "x"}),
    "column": lambda bad: export(columns=[bad]),
    "option": lambda bad: export(options={"compression": bad}),
    "option's name": lambda bad: export(options={bad: True}),
    "source": lambda bad: export(source=bad),
    "definition's name": lambda bad: definition(name=bad),
    "heading": lambda bad: definition(columns=[{"key": "order_no", "label": bad}]),
    "condition": lambda bad: definition(filters=[{"column": "order_no", "op": "equals", "value": bad}]),
    "field's name": lambda bad: export(**{bad: "x"}),
}
FREE_TEXT = ("filter", "source", "definition's name", "heading", "condition")
BAD = {"nul": "a\0b", "high half": "a\ud83d", "low half": "\ude00b", "halves in the wrong order": "\ude00\ud83d"}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_it(world, sign_in, door, bad):
    path, body = DOORS[door](bad)
    response = sign_in("finance").post(path, json.dumps(body), content_type="application/json", **ENGLISH)
    assert response.status_code == 400, response.content
    assert response.json()["message"]
    with world.scope("finance"):
        assert (ExportJob.objects.count(), ExportDefinition.objects.count()) == (0, 0)


@pytest.mark.parametrize("door", DOORS)
def test_a_whole_pair_is_text_like_any_other(world, sign_in, door):
    """The doors refuse halves, not characters beyond the basic plane: what comes back speaks of something else."""
    path, body = DOORS[door]("😀")
    response = sign_in("finance").post(path, json.dumps(body), content_type="application/json", **ENGLISH)
    assert response.status_code in (201, 400)
    assert "not valid JSON" not in response.json().get("message", "")
    assert (response.status_code == 201) == (door in FREE_TEXT)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_the_database_cannot_hold_it(world, bad):
    with world.scope("admin"):
        with pytest.raises((DataError, UnicodeEncodeError), match=r"NUL|surrogates"), transaction.atomic():
            add(bad)
        assert Member.objects.count() == 0
