"""Whatever people write, or data says, stands in the pages as text: a page with a payload has exactly the elements and
attributes that it has with a harmless word in the same places, and says the payload letter by letter."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.models import User
from jobs.models import Attempt, ExportJob, ExportPreview, JobLog, SavedView
from jobs.pages import saved_views
from tests.exports_helpers import Exports, undone
from tests.jobs.exports.pages.html import Element, read

PAGE = "/admin/exports/"
LISTED = (Path(__file__).resolve().parents[3] / "data" / "xss.txt").read_text().splitlines()
INVISIBLE = [
    "\u202e<script>alert(1)</script>\u202c",
    "<\u200bscript>alert(1)</script>",
    "\u2028alert(1)//",
    "\ufeff<img src=x onerror=alert(1)>",
    "<script\x0c>alert(1)</script\t>",
    "line\nX-Header: 1\r\n<b>two</b>",
    "\x7f<b>\x1b[31m",
]
PAYLOADS = LISTED + INVISIBLE
HARMLESS = "harmless"


def structure(found: Element) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, in order."""
    return [(one.tag, tuple(sorted(one.attrs))) for one in found.walk()]


def said(found: Element) -> str:
    """Every text and every value of an attribute."""
    texts = [child for one in found.walk() for child in one.children if isinstance(child, str)]
    return "\n\n".join([*texts, *(value for one in found.walk() for value in one.attrs.values())])


def everywhere(world, exports: Exports, text: str) -> tuple[ExportJob, ExportJob]:
    """A failed and a ready export of finance, with ``text`` in every place that somebody, or data, can fill."""
    now = timezone.now()
    wish = {
        "source": text[:200],
        "params": {"keyword": text, "start": text, text: [text]},
        "columns": [text, "order_no"],
        "options": {text: text},
    }
    failed = exports.make("finance", status="processing", **wish)
    ready = exports.make("finance", status="processing", **wish | {"params": {"keyword": text}})
    with world.scope("finance"):
        user = world.user("finance")
        User.objects.filter(pk=user.pk).update(display_name=text[:150])
        exports._leave(
            failed, status="failed", error_code=text[:40], error_message=text, error_advice=text, error_stack=text,
            cancel_requested_by=text[:150], cancel_requested_at=now,
        )  # fmt: skip
        part = {"number": 1, "name": text, "size": 1, "rows": 1, "sha256": "a" * 64, "key": "k"}
        exports._leave(
            ready, status="ready", stage="done", file_key=f"{ready.pk}/x", file_name=text[:200], file_size=9,
            file_sha256="c" * 64, row_count=3, snapshot_at=now, expires_at=now + timedelta(hours=1), facts=facts(text),
            parts=[part, part | {"number": 2}],
        )  # fmt: skip
        ExportPreview.objects.create(job=ready, rows=[[text, None], [text, text]])
        for job in (failed, ready):
            for level in ("info", "error"):
                JobLog.objects.create(kind="export", job_id=job.pk, at=now, level=level, message=text)
            Attempt.objects.create(
                kind="export", job_id=job.pk, number=1, fence=88_000_000 + job.fence, worker=text[:100], started_at=now,
                outcome="failed", error_code=text[:40], error_message=text,
            )  # fmt: skip
    return failed, ready


def facts(text: str) -> dict:
    return {
        "job_id": text, "dataset": "orders", "title": text, "filters": [[text, text]],
        "columns": [
            {"key": "a", "title": text, "kind": "text", "mask": ""},
            {"key": "b", "title": text, "kind": "money", "mask": ""},
        ],
        "masked": [text], "data_as_of": "2026-01-01T00:00:00+08:00", "rows": 3, "totals": {"b": "1.00"}, "cut_cells": 0,
        "requested_by": text, "file_type": "csv", "options": {}, "time_zone": "UTC", "language": "zh-hans",
        "rounded_numbers": 0,
    }  # fmt: skip


@pytest.fixture
def pages(world, exports, sign_in) -> Callable[[str], dict[str, Element]]:
    """pages(text) → every page and part, made while ``text`` stood everywhere; afterwards it is gone again."""
    client = sign_in("admin")

    def _pages(text: str) -> dict[str, Element]:
        with undone():
            failed, ready = everywhere(world, exports, text)
            paths = {
                "page": "?view=all", "list": f"?{urlencode({'q': failed.job_no})}",
                "rows": f"rows?only={failed.job_no},{ready.job_no}", "cards": "cards",
                "preview": f"{ready.job_no}/preview",
            }  # fmt: skip
            for name, job in {"failed": failed, "ready": ready}.items():
                paths |= {
                    name: f"{job.job_no}/",
                    f"{name} live": f"{job.job_no}/live",
                    f"{name} log": f"{job.job_no}/log",
                }
            found = {}
            for name, path in paths.items():
                response = client.get(PAGE + path)
                assert response.status_code == 200, (name, response.content[:300])
                found[name] = read(response)
        return found

    return _pages


_clean: dict[str, dict[str, list]] = {}


@pytest.fixture
def harmless(pages):
    """Name of each page → its structure with a harmless word everywhere; worked out once."""
    if "pages" not in _clean:
        _clean["pages"] = {name: structure(found) for name, found in pages(HARMLESS).items()}
    return _clean["pages"]


def test_the_list_is_long_enough():
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 40


def test_the_measure_sees_what_it_should():
    """A payload that came through as markup would be noticed."""
    clean = read(f"<p title='{HARMLESS}'>{HARMLESS}</p>")
    for text in ("<b>x</b>", "<script>1</script>", "</p><p>"):
        assert structure(read(f"<p title=''>{text}</p>")) != structure(clean)
    assert structure(read("<p title='' onclick='1'>x</p>")) != structure(clean)


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_stays_text(pages, harmless, text):
    found = pages(text)
    assert set(found) == set(harmless)
    for name, place in found.items():
        assert structure(place) == harmless[name], name
        links = {one.attrs[key] for one in place.walk() for key in ("href", "src", "action") if key in one.attrs}
        assert [link for link in links if link.strip().lower().startswith(("javascript:", "data:", "//"))] == [], name
        if name != "cards":
            assert folded(text) in folded(said(place)), name
    # where each one stands: the source in the row, message and advice and stack in the drawer, cells in the preview
    row = next(one for one in found["rows"].all("tr", data_job=True) if one.attrs["data-status"] == "failed")
    assert row.one("td", data_col="source").one("span").attrs["title"] == text
    assert row.one("td", data_col="creator").one("span").raw == text
    failure = found["failed"].one("section", classes="ec-failure")
    assert [one.raw for one in failure.all("strong") + failure.all("pre")] == [text, text]
    assert {cell.raw for cell in found["preview"].one("tbody").all("td")} == {text, "—"}
    assert {line.one("span").raw for line in found["failed log"].all("li")} == {text}


def folded(text: str) -> str:
    """A browser turns every end of line into one sign."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


FILTERS = ("q", "source", "created_by", "status", "from", "mb_min", "view", "ordering", "cursor", "period", "only")


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_of_the_address_stays_text(world, exports, sign_in, text):
    exports.make("finance")
    client = sign_in("finance")

    def shown(name: str, value: str) -> list:
        return structure(read(client.get(PAGE, {name: value})))

    if "address" not in _clean:
        _clean["address"] = {name: shown(name, HARMLESS) for name in (*FILTERS, HARMLESS)}
    for name in FILTERS:
        assert shown(name, text[:30]) == _clean["address"][name], name
    assert shown(text, text) == _clean["address"][HARMLESS]


@pytest.mark.parametrize("text", LISTED)
def test_names_of_views_stay_text(world, exports, sign_in, text):
    client = sign_in("finance")
    with world.scope("finance"):
        user = world.user("finance")
        view = saved_views.create_view(page="exports", name=HARMLESS, query={"source": [HARMLESS]}, actor=user)
    clean = read(client.get(PAGE, {"view": view.pk}))
    with world.scope("finance"):
        SavedView.objects.filter(pk=view.pk).update(name=text[:60], query={"source": [text]})
    found = read(client.get(PAGE, {"view": view.pk}))
    assert structure(found) == structure(clean)
    assert found.one("span", classes="ec-views-name").raw == text[:60]
    assert found.one("div", id="views").attrs["data-name"] == text[:60]
    assert found.one("span", classes="ec-applied-text").raw == text


def test_what_scripts_read_is_json_without_a_way_out(world, exports, sign_in):
    for text in ("</script><script>alert(1)</script>", "<!--<script>", "&lt;/script&gt;"):
        with undone():
            everywhere(world, exports, text)
            found = read(sign_in("finance").get(PAGE))
        boot = found.one("script", id="center-boot")
        assert not set("<>&") & set(boot.raw)
        told = json.loads(boot.raw)
        assert set(told) == {"user", "language", "zone", "last", "urls", "words"}
        assert all(address.startswith("/") and not address.startswith("//") for address in told["urls"].values())
        assert all(isinstance(words, str) and words for words in told["words"].values())
