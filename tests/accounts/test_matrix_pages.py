"""Who gets which page of exports: the hand-written table in data/pages.csv against the doors, no page without one."""

import pytest
from django.test import Client
from django.urls import reverse

from jobs.exports.pages.urls import urlpatterns
from tests.accounts.test_matrix import DOORS, PEOPLE, RIGHTS, exports, jobs_for, table
from tests.exports_helpers import signed_in

__all__ = ["exports"]
TABLE = {row["route"]: row for row in table("pages.csv")}
OF_ONE_EXPORT = {
    row: "job_no" for row in TABLE if row.split("-")[-1] in ("detail", "live", "log", "preview", "download")
}


def path_of(route: str, job_no: str) -> str:
    if route in OF_ONE_EXPORT:
        return reverse(route, args=[job_no])
    return reverse(route, args=["outcomes"] if route == "exports-usage-table" else [])


def test_every_page_has_a_line():
    assert {pattern.name for pattern in urlpatterns} == set(TABLE)
    assert all(set(row) == {"route", "stranger", *PEOPLE} for row in TABLE.values())


@pytest.mark.parametrize("role", [*PEOPLE, "stranger"])
def test_pages_answer_as_the_table_says(world, exports, role):
    name = PEOPLE.get(role, "finance")
    job = exports.make(name, "members", "ready")
    client = Client() if role == "stranger" else signed_in(world, name)
    told = {route: client.get(path_of(route, job.job_no)).status_code for route in TABLE}
    assert told == {route: int(row[role]) for route, row in TABLE.items()}


@pytest.mark.parametrize("role", ["admin", "finance", "risk", "operator"])
def test_pages_of_other_peoples_exports(world, exports, role):
    """Shown or hidden as in rights.csv; into the file looks who may download it."""
    client, wrong, checked = signed_in(world, PEOPLE[role]), [], 0
    for dataset in DOORS:
        row = RIGHTS[role, dataset]
        jobs = jobs_for(exports, role, dataset, "ready")
        for target, suffix in (("own", ""), ("other", "_other"), ("foreign", None)):
            view, download = ("h", "h") if suffix is None else (row[f"view{suffix}"], row[f"download{suffix}"])
            for route in OF_ONE_EXPORT:
                checked += 1
                allowed = 302 if route == "exports-page-download" else 200
                into_the_file = route in ("exports-page-download", "exports-page-preview")
                word = download if into_the_file and view == "y" else view
                expected = {"y": allowed, "n": 403, "h": 404}[word]
                answer = client.get(path_of(route, jobs[target].job_no)).status_code
                if answer != expected:
                    wrong.append((dataset, target, route, expected, answer))
    assert wrong == []
    assert checked == 3 * 3 * 5
