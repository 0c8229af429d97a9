"""The cards: figures counted once more by hand, and links that narrow the list to what was counted."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from jobs.models import ExportJob
from tests.jobs.exports.pages.html import Element
from tests.jobs.exports.pages.test_page import page, total

KEYS = ("started", "done", "failed", "seconds")


def cards_of(found: Element) -> dict[str, Element]:
    return {card.attrs["data-card"]: card for card in found.one("div", id="cards").all("a", data_card=True)}


def figure(card: Element) -> str:
    return card.one("span", classes="ec-card-figure").text


@pytest.fixture
def days(world, exports):
    """Exports of today, of yesterday, of 20 days ago, of three people and two classes."""
    now = timezone.now()
    with world.scope("admin"):
        midnight = datetime.combine(now.astimezone(world.user("admin").zone).date(), time(), world.user("admin").zone)
    moments = {
        "today": max(midnight, now - timedelta(seconds=30)),
        "at midnight": midnight,
        "yesterday": midnight - timedelta(seconds=1),
        "long ago": midnight - timedelta(days=20),
    }
    statuses = ["queued", "ready", "ready", "expired", "failed", "canceled"]
    for number, moment in enumerate(moments.values()):
        for name, dataset in (("finance", "orders"), ("operator", "members"), ("operator", "orders")):
            for status in statuses[: 6 - number]:
                exports.make(name, dataset, status, created_at=moment, available_at=moment)


@pytest.mark.parametrize("name", ["admin", "finance", "operator"])
def test_figures_against_counting_by_hand(world, days, sign_in, name):
    found = cards_of(page(sign_in(name)))
    assert tuple(found) == KEYS
    with world.scope(name):
        user = world.user(name)
        today = timezone.now().astimezone(user.zone).date()
        jobs = list(ExportJob.objects.all())
    if name == "finance":
        jobs = [job for job in jobs if job.sensitivity == "amount"]
    elif name == "operator":
        jobs = [job for job in jobs if job.owner_id == user.pk]

    def of(day) -> list[ExportJob]:
        return [job for job in jobs if job.created_at.astimezone(user.zone).date() == day]

    def done(day) -> list[ExportJob]:
        return [job for job in of(day) if job.status in ("ready", "expired")]

    yesterday = today - timedelta(days=1)
    counts = {
        "started": (len(of(today)), len(of(yesterday))),
        "done": (len(done(today)), len(done(yesterday))),
        "failed": tuple(sum(job.status == "failed" for job in of(day)) for day in (today, yesterday)),
    }
    for key, (now, before) in counts.items():
        assert figure(found[key]) == str(now), key
        words = f"比昨天{'多' if now > before else '少'} {abs(now - before)}" if now != before else "与昨天持平"
        assert found[key].one("span", classes="ec-card-delta").text == words, key
    took = [(job.finished_at - job.created_at).total_seconds() for job in done(today)]
    assert seconds_of(figure(found["seconds"])) == pytest.approx(sum(took) / len(took), abs=60)
    history = found["started"].one("span", classes="ec-unseen").text
    assert history.startswith("最近 14 天：")
    assert len(history.split("; ")) == 14


def seconds_of(words: str) -> float:
    units = {"小时": 3600, "分": 60, "秒": 1}
    parts = words.split(" ")
    return sum(float(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("name", ["admin", "finance", "operator"])
def test_a_click_narrows_to_what_was_counted(days, sign_in, name):
    client = sign_in(name)
    found = cards_of(page(client))
    for key in ("started", "done", "failed"):
        narrowed = page(client, found[key].attrs["href"])
        assert total(narrowed) == int(figure(found[key])) > 0, key
        assert narrowed.one("section", id="list").all(role="alert") == []
    assert total(page(client, found["seconds"].attrs["href"])) == int(figure(found["done"]))


def test_without_exports_there_is_nothing_to_draw(world, sign_in):
    found = cards_of(page(sign_in("finance")))
    assert [figure(found[key]) for key in KEYS] == ["0", "0", "0", "—"]
    assert all(card.all("svg") == [] for card in found.values())


def test_the_line_stays_in_its_box(days, sign_in):
    for card in cards_of(page(sign_in("admin"))).values():
        points = [tuple(map(float, point.split(","))) for point in card.one("polyline").attrs["points"].split()]
        assert len(points) == 14
        assert all(0 <= x <= 64 and 0 <= y <= 22 for x, y in points)


def test_the_part_says_the_same_as_the_page(days, sign_in):
    client = sign_in("finance")
    alone = {card.attrs["data-card"]: card.text for card in page(client, "cards").all("a", data_card=True)}
    assert alone == {key: card.text for key, card in cards_of(page(client)).items()}


def test_one_persons_figures_are_not_remembered_for_another(world, exports, sign_in):
    exports.make("admin", "members")
    assert figure(cards_of(page(sign_in("admin")))["started"]) == "1"
    for name in ("finance", "risk", "operator"):
        assert figure(cards_of(page(sign_in(name)))["started"]) == "0", name
