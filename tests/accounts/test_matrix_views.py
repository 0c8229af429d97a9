"""Who sees and changes saved views: the hand-written table in data/saved_views.csv against the policy and the doors."""

import json

import pytest

from accounts.policy import Action, may
from exportcenter.common import clock
from jobs.models import SavedView
from tests.accounts.test_matrix import PEOPLE, STRANGERS, colleague_of, table
from tests.exports_helpers import ENGLISH, signed_in

TABLE = {row["role"]: row for row in table("saved_views.csv")}
WHOSE = ("own", "private", "roles", "tenant", "foreign")
DOORS = {"see": [("GET", None)], "change": [("PATCH", {"query": {}}), ("DELETE", None)]}


def views_for(world, role: str) -> dict[str, SavedView]:
    """The five views that ``role`` meets."""
    now = clock.now()
    stranger = STRANGERS["acme" if role.startswith("client") else "platform"]
    owners = {"own": PEOPLE[role], "foreign": stranger}
    made = {}
    for whose in WHOSE:
        owner = owners.get(whose, colleague_of(role))
        shared = {"roles": "roles", "tenant": "tenant", "foreign": "tenant"}.get(whose, "private")
        with world.scope(owner):
            made[whose] = SavedView.objects.create(
                owner=world.user(owner),
                page="exports",
                name=whose,
                shared=shared,
                roles=["client_manager", "finance"] if shared == "roles" else [],
                created_at=now,
                updated_at=now,
            )
    return made


def test_the_table_is_complete():
    assert set(TABLE) == set(PEOPLE)
    columns = {f"{verb}_{whose}" for verb in DOORS for whose in WHOSE}
    assert all(set(row) == columns | {"role"} for row in TABLE.values())


@pytest.mark.parametrize("role", PEOPLE)
def test_policy_and_doors_say_what_the_table_says(world, role):
    name, views, wrong, checked = PEOPLE[role], views_for(world, role), [], 0
    client = signed_in(world, name)
    actions = {"see": Action.SAVED_VIEW_SEE, "change": Action.SAVED_VIEW_CHANGE}
    for verb, doors in DOORS.items():
        for whose, view in views.items():
            expected = TABLE[role][f"{verb}_{whose}"]
            with world.scope(name):
                decision = may(world.user(name), actions[verb], view)
            if (decision.allowed, decision.hidden) != (expected == "y", expected == "h"):
                wrong.append((verb, whose, expected, decision))
            for method, body in doors:
                text = "" if body is None else json.dumps(body)
                path = f"/api/v1/saved-views/{view.pk}"
                answer = client.generic(method, path, text, content_type="application/json", **ENGLISH)
                checked += 1
                if answer.status_code != {"y": 200, "n": 403, "h": 404}[expected]:
                    wrong.append((method, whose, expected, answer.status_code))
    assert wrong == []
    assert checked == 5 * 3
