"""Who may do what: the hand-written tables in data/ against the policy, the lists and the HTTP doors."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import policy
from accounts.models import Tenant
from accounts.policy import Action, may
from jobs import datasets
from jobs.models import ExportJob
from tests.exports_helpers import API, ENGLISH, Exports, body_of, link, post, signed_in, undone

DATA = Path(__file__).parent / "data"
PEOPLE = {
    "admin": "admin",
    "finance": "finance",
    "risk": "risk",
    "operator": "operator",
    "none": "nobody",
    "client_admin": "acme_admin",
    "client_manager": "acme_manager",
    "client_user": "acme_user",
}
COLLEAGUES = {
    "operator2": ("admin", "finance", "risk", "operator", "none"),
    "acme_user": ("client_admin", "client_manager"),
}
"""Whose jobs "other" means; for client_user it is client_manager's."""
STRANGERS = {"platform": "globex_admin", "acme": "operator2"}
STATUSES = ("queued", "processing", "ready", "failed", "canceled", "expired")
KEYS = tuple(dataset.key for dataset in datasets.all_datasets())
DOORS = ("orders", "risk_hits", "members")
"""One dataset of each class, for the tests that go through HTTP; the policy is asked about every dataset."""
CLASSES = {
    "amount": {"orders", "stats_annual", "stats_monthly", "wallet_ledger", "wallet_summary", "withdraws"},
    "risk": {"kyc_cases", "risk_hits", "risk_lists", "risk_rules", "risk_tickets"},
    "general": {"campaigns", "members", "roles", "tasks", "teams", "users"},
}
"""By hand, from the requirements: what a dataset must not lose by a slip of its declaration."""
ACTIONS = {
    "view": Action.EXPORT_VIEW,
    "download": Action.EXPORT_DOWNLOAD,
    "retry": Action.EXPORT_RETRY,
    "cancel": Action.EXPORT_CANCEL,
    "revoke": Action.EXPORT_REVOKE_LINKS,
    "accelerate": Action.EXPORT_ACCELERATE,
    "log": Action.LOG_DOWNLOAD,
    "stack": Action.ERROR_STACK,
}
HIDING = ("view", "download", "retry", "cancel", "revoke")
"""Actions whose rule itself hides a job; the other doors look for a visible job first."""


def table(name: str) -> list[dict[str, str]]:
    with open(DATA / name, newline="") as file:
        return list(csv.DictReader(file))


def rights() -> dict[tuple[str, str], dict[str, str]]:
    """(role, dataset) → line: the one of the class, unless the dataset has one of its own."""
    by_class = {(row["role"], row["class"]): row for row in table("rights.csv")}
    lines = {
        (role, dataset.key): by_class[role, dataset.sensitivity]
        for role in PEOPLE
        for dataset in datasets.all_datasets()
    }
    return lines | {(row["role"], row["dataset"]): row for row in table("exceptions.csv")}


RIGHTS = rights()
STATES = {row["action"]: row for row in table("states.csv")}


def colleague_of(role: str) -> str:
    return next((name for name, roles in COLLEAGUES.items() if role in roles), "acme_manager")


def cells(role: str, dataset: str) -> Iterator[tuple[str, str, str]]:
    """(action, target, expected) of one line of the table, other companies included."""
    row = RIGHTS[role, dataset]
    for action in ACTIONS:
        yield action, "own", row[action]
        yield action, "other", row[f"{action}_other"]
        yield action, "foreign", "h"


@pytest.fixture
def exports(world):
    for slug in ("platform", "acme", "globex"):
        with world.scope(slug):
            Tenant.objects.update(max_queued_exports=100_000)
    maker = Exports(world)
    yield maker
    maker.close()


def jobs_for(exports: Exports, role: str, dataset: str, status: str) -> dict[str, ExportJob]:
    """The three jobs that ``role`` meets: the own one, a colleague's, another company's."""
    stranger = STRANGERS["acme" if role.startswith("client") else "platform"]
    owners = {"own": PEOPLE[role], "other": colleague_of(role), "foreign": stranger}
    return {target: exports.make(owner, dataset, status) for target, owner in owners.items()}


def test_the_tables_are_complete():
    classes, exceptions = table("rights.csv"), table("exceptions.csv")
    assert sorted((row["role"], row["class"]) for row in classes) == sorted(
        (role, name) for role in PEOPLE for name in policy.CLASS_TITLES
    )
    assert set(RIGHTS) == {(role, dataset) for role in PEOPLE for dataset in KEYS}
    columns = {"create", "delete_expired", "usage", "webhooks"} | {
        f"{action}{suffix}" for action in ACTIONS for suffix in ("", "_other")
    }
    assert all(set(row) == columns | {"role", "class"} for row in classes)
    assert all(set(row) == columns | {"role", "dataset"} for row in exceptions)
    assert {row[name] for row in RIGHTS.values() for name in columns} == {"y", "n", "h"}
    assert set(STATES) == set(ACTIONS) - {"stack"}
    spoken_of = {row["dataset"] for row in exceptions}
    assert spoken_of <= set(KEYS)
    assert len({(row["role"], row["dataset"]) for row in exceptions}) == len(exceptions)


@pytest.mark.parametrize("sensitivity", CLASSES)
def test_datasets_are_of_the_class_that_the_requirements_say(sensitivity):
    assert {key for key in CLASSES[sensitivity] if datasets.get(key).sensitivity != sensitivity} == set()


@pytest.mark.parametrize("dataset", KEYS)
@pytest.mark.parametrize("role", PEOPLE)
def test_the_policy_says_what_the_tables_say(world, exports, role, dataset):
    wrong, checked, name = [], 0, PEOPLE[role]
    jobs = jobs_for(exports, role, dataset, "queued")
    with world.scope(name):
        user = world.user(name)
        row = RIGHTS[role, dataset]
        answers = [
            ("create", "-", row["create"], may(user, Action.EXPORT_CREATE, datasets.get(dataset))),
            ("delete_expired", "-", row["delete_expired"], may(user, Action.EXPORT_DELETE_EXPIRED)),
            ("usage", "-", row["usage"], may(user, Action.USAGE_VIEW)),
            ("webhooks", "-", row["webhooks"], may(user, Action.WEBHOOK_COMPANY)),
        ]
        answers += [
            (action, target, expected, may(user, ACTIONS[action], jobs[target]))
            for action, target, expected in cells(role, dataset)
        ]
        for action, target, expected, decision in answers:
            checked += 1
            hidden = expected == "h" and (action in HIDING or target == "foreign")
            reason = decision.allowed or decision.reason != ""
            if decision.allowed != (expected == "y") or (hidden and not decision.hidden) or not reason:
                wrong.append((action, target, expected, decision))
    assert wrong == []
    assert checked == 4 + 3 * 8


def test_lists_show_exactly_what_may_be_viewed(world, exports):
    owners = ["admin", "finance", "risk", "operator", "operator2", "nobody"]
    owners += ["acme_admin", "acme_manager", "acme_user", "globex_admin"]
    jobs = [exports.make(owner, dataset) for owner in owners for dataset in DOORS]
    wrong, checked = [], 0
    for name in PEOPLE.values():
        with world.scope(name):
            user = world.user(name)
            listed = set(ExportJob.objects.visible_to(user).values_list("pk", flat=True))
            for job in jobs:
                checked += 1
                if may(user, Action.EXPORT_VIEW, job).allowed != (job.pk in listed):
                    wrong.append((name, job.owner_id, job.type))
    assert wrong == []
    assert checked == 8 * 10 * 3 == 240


def test_nobody_inactive_may_do_anything(world, exports):
    job = exports.make("admin", status="ready")
    with world.scope("admin"):
        gone = world.user("admin")
        gone.is_active = False
        closed = world.user("admin")
        closed.tenant.is_active = False
        for user in (gone, closed):
            targets = dict.fromkeys(Action, job) | {Action.EXPORT_CREATE: datasets.get("orders")}
            assert [action for action, target in targets.items() if may(user, action, target)] == []


# --- the doors ------------------------------------------------------------------------------------------
def knock(client: Any, user: Any, action: str, job: ExportJob) -> Any:
    """The HTTP request behind an action."""
    path = f"{API}/{job.job_no}"
    if action == "view":
        return client.get(path, **ENGLISH)
    if action == "download":
        return client.get(link(job, user), **ENGLISH)
    if action == "log":
        return client.get(f"{path}/log", **ENGLISH)
    if action == "revoke":
        return client.delete(f"{path}/links", **ENGLISH)
    return post(client, f"{path}/{action}")


def foreign_link_or_404(action: str) -> int:
    """The file's address says 403 whatever is wrong with a link, lest it tell which jobs exist."""
    return 403 if action == "download" else 404


@pytest.mark.parametrize("role", PEOPLE)
def test_doors_answer_as_the_tables_say(world, exports, role):
    name = PEOPLE[role]
    client = signed_in(world, name)
    wrong, checked = [], 0
    with world.scope(name):
        user = world.user(name)
    statuses = {"view": "failed", "download": "ready", "retry": "failed", "cancel": "queued"}
    statuses |= {"revoke": "ready", "accelerate": "queued", "log": "expired"}
    for dataset in DOORS:
        made = {status: jobs_for(exports, role, dataset, status) for status in sorted(set(statuses.values()))}
        for action, target, expected in cells(role, dataset):
            if action == "stack":
                continue
            job = made[statuses[action]][target]
            with undone():
                response = knock(client, user, action, job)
                body = body_of(response)
            allowed = int(STATES[action][statuses[action]])
            wanted = {"y": allowed, "n": 403, "h": foreign_link_or_404(action)}[expected]
            checked += 1
            if response.status_code != wanted or (wanted in (403, 404) and b"secret" in body):
                wrong.append((dataset, action, target, wanted, response.status_code, body[:200]))
    assert wrong == []
    assert checked == 3 * 7 * 3


@pytest.mark.parametrize("role", PEOPLE)
def test_create_door(world, exports, role):
    client = signed_in(world, PEOPLE[role])
    with world.scope(PEOPLE[role]):
        before = ExportJob.objects.count()
    for dataset in (*DOORS, "users", "campaigns"):  # client companies: not every general dataset is theirs
        expected = 201 if RIGHTS[role, dataset]["create"] == "y" else 403
        with undone():
            response = post(client, API, {"type": dataset})
            assert (dataset, response.status_code) == (dataset, expected)
            with world.scope(PEOPLE[role]):
                assert ExportJob.objects.count() == before + (expected == 201)


@pytest.mark.parametrize("role", PEOPLE)
def test_delete_expired_door(world, exports, role):
    expired = exports.make(PEOPLE[role], "members", "expired")
    response = post(signed_in(world, PEOPLE[role]), f"{API}/batch_delete_expired")
    allowed = RIGHTS[role, "members"]["delete_expired"] == "y"
    assert response.status_code == (200 if allowed else 403)
    with world.scope(PEOPLE[role]):
        assert ExportJob.objects.filter(pk=expired.pk).exists() is not allowed


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("action", ["retry", "cancel", "accelerate"])
def test_bulk_door_answers_as_the_tables_say(world, exports, role, action):
    """Each of a batch by itself: the own, a colleague's, another company's, of every class."""
    status = "failed" if action == "retry" else "queued"
    expected = {}
    for dataset in DOORS:
        jobs = jobs_for(exports, role, dataset, status)
        expected |= {
            jobs[target].job_no: {"y": None, "n": "FORBIDDEN", "h": "NOT_FOUND"}[word]
            for name, target, word in cells(role, dataset)
            if name == action
        }
    answer = post(signed_in(world, PEOPLE[role]), f"{API}/bulk", {"action": action, "job_ids": list(expected)})
    assert answer.status_code == 200
    assert {result["job_id"]: result["code"] for result in answer.json()["results"]} == expected
    assert len(expected) == 3 * 3


@pytest.mark.parametrize("role", PEOPLE)
def test_usage_door(world, role):
    response = signed_in(world, PEOPLE[role]).get(f"{API}/usage", **ENGLISH)
    assert response.status_code == (200 if RIGHTS[role, "members"]["usage"] == "y" else 403)


@pytest.mark.parametrize("role", PEOPLE)
def test_webhooks_door(world, settings, role):
    settings.WEBHOOK_ALLOW_PRIVATE = True  # nothing is sent; no name needs looking up
    body = {"url": "http://127.0.0.1:9/", "scope": "company"}
    response = post(signed_in(world, PEOPLE[role]), "/api/v1/webhooks", body)
    assert response.status_code == (201 if RIGHTS[role, "members"]["webhooks"] == "y" else 403)


@pytest.mark.parametrize("role", PEOPLE)
def test_stack_is_shown_to_those_of_the_table(world, exports, role):
    client = signed_in(world, PEOPLE[role])
    for dataset in ("orders", "risk_hits"):
        for target, job in jobs_for(exports, role, dataset, "failed").items():
            response = client.get(f"{API}/{job.job_no}", **ENGLISH)
            column = {"own": "stack", "other": "stack_other"}.get(target)
            allowed = column is not None and RIGHTS[role, dataset][column] == "y"
            assert (b"secret stack" in response.content) is allowed, (dataset, target)


@pytest.mark.parametrize("status", STATUSES)
def test_states_decide_for_those_who_may(world, exports, status):
    client = signed_in(world, "admin")
    with world.scope("admin"):
        user = world.user("admin")
    wrong = []
    for owner, dataset in (("admin", "orders"), ("operator2", "members")):
        job = exports.make(owner, dataset, status)
        for action, row in STATES.items():
            with undone():
                response = knock(client, user, action, job)
                body_of(response)
            if response.status_code != int(row[status]):
                wrong.append((owner, dataset, action, row[status], response.status_code))
    assert wrong == []


@pytest.mark.parametrize("status", STATUSES)
def test_states_give_nothing_to_those_who_may_not(world, exports, status):
    """Refusal comes before the state: 403 or 404 whatever the job is doing."""
    client = signed_in(world, "operator")
    with world.scope("operator"):
        user = world.user("operator")
    wrong = []
    for target, job in jobs_for(exports, "operator", "orders", status).items():
        for action in STATES:
            column = {"own": action, "other": f"{action}_other"}.get(target)
            expected = RIGHTS["operator", "orders"][column] if column else "h"
            if expected == "y":
                continue
            with undone():
                response = knock(client, user, action, job)
            wanted = 403 if expected == "n" else foreign_link_or_404(action)
            if response.status_code != wanted:
                wrong.append((target, action, wanted, response.status_code))
    assert wrong == []


def test_every_static_permission_of_exports_is_in_the_matrix():
    """A new right needs a new column here."""
    covered = {"export.class.amount", "export.class.risk", "export.class.general", "jobs.see.all", "jobs.see.amount"}
    covered |= {"jobs.see.general"}
    covered |= {"jobs.see.risk", "jobs.manage", "jobs.delete_expired", "jobs.accelerate", "jobs.log", "jobs.stack"}
    covered |= {"jobs.usage", "jobs.webhooks"}
    codes = {code for code in policy.STATIC_PERMISSIONS if code.startswith(("export.", "jobs."))}
    assert codes == covered
