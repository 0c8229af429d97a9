"""The usage overview against the same figures by hand, its doors, and that it keeps what was dear to compute."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from exportcenter.common.errors import InvalidParameters, Unavailable
from jobs.datasets import CUSTOM
from jobs.exports.usage import overview as module
from jobs.exports.usage.figures import Volume
from jobs.exports.usage.overview import compute, forget, overview
from jobs.exports.usage.period import Period, last_days, read_period
from jobs.models import ExportJob, UiEvent
from tests.exports_helpers import API, ENGLISH, body_of, link, signed_in
from tests.jobs.exports import usage_rows as hand
from tests.jobs.exports.usage_rows import Fetched, Made, day_of, make, record

USAGE = f"{API}/usage"
SHANGHAI, NEW_YORK, KOLKATA = (ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Asia/Kolkata"))
FIRST, LAST = date(2026, 3, 3), date(2026, 3, 12)
"""Clocks went forward in New York on 8 March."""
PEOPLE = ["admin", "finance", "risk", "operator"]
TYPES = ["orders", "members", "risk_hits", CUSTOM]
STATUSES = ["ready", "expired", "expired", "failed", "canceled", "queued"]


@pytest.fixture(autouse=True)
def _computed_anew():
    forget()
    yield
    forget()


def borders(zone: ZoneInfo) -> list[datetime]:
    """A moment at, just before and just after the midnights of a zone."""
    midnights = [datetime.combine(FIRST + timedelta(days=number), datetime.min.time(), zone) for number in (0, 4, 10)]
    return [midnight.astimezone(UTC) + timedelta(microseconds=shift) for midnight in midnights for shift in (-1, 0, 1)]


def times(chance: random.Random, count: int) -> list[datetime]:
    start = datetime(2026, 2, 20, tzinfo=UTC)
    free = [start + timedelta(seconds=chance.randrange(22 * 86_400)) for _number in range(count)]
    return [*borders(SHANGHAI), *borders(NEW_YORK), *borders(KOLKATA), *free]


@pytest.fixture
def made(world) -> dict[str, tuple[list[Made], list[Fetched]]]:
    """Exports and downloads of two companies, some of them on the borders of days."""
    chance = random.Random(12)
    found = {}
    for slug, people, types in (("platform", PEOPLE, TYPES), ("acme", ["acme_admin", "acme_user"], ["members"])):
        exports = [
            Made(
                chance.choice(people),
                chance.choice(types),
                chance.choice(STATUSES),
                at,
                round(chance.lognormvariate(2, 1), 3),
                chance.randrange(10**9),
            )
            for at in times(chance, 60)
        ]
        fetched = [
            Fetched(
                chance.choice(people), chance.choice(types), at, chance.choice([0, 0, 0, 512]), chance.randrange(10**8)
            )
            for at in times(chance, 40)
        ]
        for export in exports:
            make(world, export)
        for transfer in fetched:
            record(world, transfer)
        record(world, fetched[30], result="refused")
        found[slug] = exports, fetched
    return found


def figures(volume: Volume) -> tuple:
    return tuple(vars(volume).values())


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, KOLKATA], ids=str)
@pytest.mark.parametrize("slug", ["platform", "acme"])
def test_every_figure_is_what_counting_by_hand_gives(world, made, slug, zone):
    exports, transfers = made[slug]
    period = Period(FIRST, LAST, zone)
    with world.scope(slug):
        found = compute(period)

    in_days = [one for one in exports if FIRST <= day_of(one.at, zone) <= LAST]
    fetched = [one for one in transfers if FIRST <= day_of(one.at, zone) <= LAST]
    assert 20 < len(in_days) < len(exports)
    assert 10 < len(fetched) < len(transfers)
    assert figures(found.total.volume) == pytest.approx(hand.volume(in_days), abs=0.001)
    assert (found.total.downloads.count, found.total.downloads.bytes) == hand.downloads(fetched)
    assert [day.day for day in found.days] == [FIRST + timedelta(days=number) for number in range(10)]
    for day in found.days:
        of_day = [one for one in in_days if day_of(one.at, zone) == day.day]
        assert figures(day.volume) == pytest.approx(hand.volume(of_day), abs=0.001), day.day
        assert (day.downloads.count, day.downloads.bytes) == hand.downloads(
            [one for one in fetched if day_of(one.at, zone) == day.day]
        )
    assert {use.type for use in found.types} == {one.type for one in (*in_days, *fetched)}
    for use in found.types:
        assert figures(use.volume) == pytest.approx(
            hand.volume([one for one in in_days if one.type == use.type]), abs=0.001
        )
        assert (use.downloads.count, use.downloads.bytes) == hand.downloads(
            [one for one in fetched if one.type == use.type]
        )
    assert {use.name for use in found.people} == {one.owner for one in in_days} | {one.who for one in fetched}
    for person in found.people:
        assert person.exports == sum(one.owner == person.name for one in in_days)
        assert (person.downloads.count, person.downloads.bytes) == hand.downloads(
            [one for one in fetched if one.who == person.name]
        )
        assert person.code.startswith("U")
    started = [use.volume.started for use in found.types]
    assert started == sorted(started, reverse=True)
    busy = [person.exports + person.downloads.count for person in found.people]
    assert busy == sorted(busy, reverse=True)


def test_the_time_before_is_as_long_and_right_before(world, made):
    exports, transfers = made["platform"]
    with world.scope("platform"):
        found = compute(Period(FIRST, LAST, SHANGHAI))
    days = [FIRST - timedelta(days=number) for number in range(1, 11)]
    before = [one for one in exports if day_of(one.at, SHANGHAI) in days]
    assert len(before) > 10
    assert figures(found.before.volume) == pytest.approx(hand.volume(before), abs=0.001)
    fetched = [one for one in transfers if day_of(one.at, SHANGHAI) in days]
    assert (found.before.downloads.count, found.before.downloads.bytes) == hand.downloads(fetched)


def test_only_the_twenty_busiest_people_are_named(world):
    at = datetime(2026, 3, 5, 12, tzinfo=UTC)
    with world.scope("operator"):
        from accounts.models import User

        names = [f"person{number:02}" for number in range(22)]
        people = [User.objects.create_user(name, display_name=name) for name in names]
    for number, person in enumerate(people):
        world.users[person.username] = (world.tenants["platform"], person.pk)
        try:
            for _round in range(number + 1):
                record(world, Fetched(person.username, "orders", at, 0, 1))
        finally:
            del world.users[person.username]
    with world.scope("operator"):
        found = compute(Period(FIRST, LAST, SHANGHAI)).people
    assert [person.name for person in found] == names[:1:-1]
    assert found[0].downloads.count == 22


class TestDownloads:
    AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
    PERIOD = Period(FIRST, LAST, SHANGHAI)

    def types(self, world):
        with world.scope("platform"):
            return {use.type: (use.downloads.count, use.downloads.bytes) for use in compute(self.PERIOD).types}

    def test_a_resumed_one_is_one(self, world):
        for first, size in ((0, 300), (300, 200), (500, 500)):
            record(world, Fetched("finance", "orders", self.AT, first, size))
        assert self.types(world) == {"orders": (1, 1000)}

    def test_an_entry_without_type_is_looked_up_and_unknown_once_its_export_is_gone(self, world):
        job = make(world, Made("finance", "members", "expired", self.AT - timedelta(days=90), 1, 1))
        record(world, Fetched("finance", "", self.AT, 0, 5), type=None, job_id=job.job_no)
        assert self.types(world) == {"members": (1, 5)}
        with world.scope("platform"):
            ExportJob.objects.filter(pk=job.pk).delete()
        assert self.types(world) == {"": (1, 5)}

    def test_a_number_of_another_company_says_nothing(self, world):
        job = make(world, Made("acme_admin", "members", "expired", self.AT, 1, 1))
        record(world, Fetched("finance", "", self.AT, 0, 5), type=None, job_id=job.job_no)
        assert self.types(world) == {"": (1, 5)}

    def test_a_real_one_is_counted_under_its_type_even_when_its_export_is_gone(self, world, exports):
        job = exports.make("finance", "members", "expired")
        ready = exports.make("finance", "members", "ready")
        with world.scope("finance"):
            user = world.user("finance")
        client = signed_in(world, "finance")
        assert len(body_of(client.get(link(ready, user)))) == ready.file_size
        body_of(client.get(link(ready, user), HTTP_RANGE="bytes=100-"))
        client.head(link(ready, user))
        client.get(link(job, user))  # gone: no download
        today = timezone.localdate(timezone=SHANGHAI)
        with world.scope("platform"):
            found = compute(last_days(7, today=today, zone=SHANGHAI))
        (use,) = found.types
        assert (use.type, use.downloads.count, use.downloads.bytes) == ("members", 1, 2 * ready.file_size - 100)
        assert found.days[-1].downloads == use.downloads


def test_page_events_by_name_and_day(world):
    at = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)  # a second before midnight in Shanghai
    with world.scope("platform"):
        user = world.user("operator")
        for shift in (0, 0, 1):
            UiEvent.objects.create(user=user, name="page_view:exports", at=at + timedelta(seconds=shift))
        UiEvent.objects.create(user=user, name="view_open", at=at)
        UiEvent.objects.create(user=user, name="view_open", at=at - timedelta(days=30))
    with world.scope("acme"):
        UiEvent.objects.create(user=world.user("acme_user"), name="view_open", at=at)
    with world.scope("platform"):
        found = compute(Period(FIRST, LAST, SHANGHAI)).events
    assert [(use.name, use.total, use.days) for use in found] == [
        ("page_view:exports", 3, [0, 0, 2, 1, 0, 0, 0, 0, 0, 0]),
        ("view_open", 1, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
    ]


class TestPeriod:
    TODAY = date(2026, 3, 12)

    def read(self, query: str) -> Period:
        return read_period(QueryDict(query).dict(), today=self.TODAY, zone=SHANGHAI)

    @pytest.mark.parametrize(
        ("query", "first", "last"),
        [
            ("", date(2026, 2, 11), date(2026, 3, 12)),
            ("days=7", date(2026, 3, 6), date(2026, 3, 12)),
            ("days=90", date(2025, 12, 13), date(2026, 3, 12)),
            ("from=2026-03-12&to=2026-03-12", date(2026, 3, 12), date(2026, 3, 12)),
            ("from=2025-03-12&to=2026-03-12", date(2025, 3, 12), date(2026, 3, 12)),
        ],
    )
    def test_read(self, query, first, last):
        found = self.read(query)
        assert (found.first, found.last, len(found.days)) == (first, last, (last - first).days + 1)
        assert len(found.borders) == len(found.days) + 1
        assert found.borders[0] == datetime.combine(first, datetime.min.time(), SHANGHAI)

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("days=8", "days"),
            ("days=", "days"),
            ("days=7&from=2026-03-01&to=2026-03-02", "days"),
            ("from=2026-03-01", "to"),
            ("to=2026-03-01", "from"),
            ("from=20260301&to=2026-03-02", "from"),
            ("from=2026-W10-1&to=2026-03-12", "from"),
            ("from=2026-02-30&to=2026-03-02", "from"),
            ("from=1999-12-31&to=2000-01-02", "from"),
            ("from=0001-01-01&to=0001-01-02", "from"),
            ("from=２０２６-03-01&to=2026-03-02", "from"),
            ("from=2026-03-01&to=2026-03-13", "to"),
            ("from=2026-03-02&to=2026-03-01", "to"),
            ("from=2025-03-11&to=2026-03-12", "to"),
            ("from=2026-03-01%00&to=2026-03-02", "from"),
            ("weeks=2", "weeks"),
        ],
    )
    def test_refused_by_name(self, query, field):
        with pytest.raises(InvalidParameters) as refused:
            self.read(query)
        assert list(refused.value.details) == [field]

    def test_a_day_with_23_hours_is_one(self):
        found = Period(date(2026, 3, 8), date(2026, 3, 8), NEW_YORK)
        assert found.borders[1] - found.borders[0] == timedelta(days=1)  # on the wall
        assert found.borders[1].timestamp() - found.borders[0].timestamp() == 23 * 3600

    def test_a_running_period_is_compared_up_to_the_same_time_of_day(self):
        period = last_days(7, today=self.TODAY, zone=SHANGHAI)
        now = datetime(2026, 3, 12, 10, 30, tzinfo=SHANGHAI)
        start, end = period.before(now)
        assert (start, end) == (
            datetime(2026, 2, 27, tzinfo=SHANGHAI),
            datetime(2026, 3, 5, 10, 30, tzinfo=SHANGHAI),
        )
        assert period.before(now + timedelta(days=1)) == (start, datetime(2026, 3, 6, tzinfo=SHANGHAI))


class TestDoor:
    def test_answers_the_figures(self, world):
        zone = SHANGHAI
        at = timezone.now()
        today = day_of(at, zone)
        make(world, Made("operator", "orders", "expired", at, 12.5, 2048))
        make(world, Made("operator", "orders", "failed", at, 1, 1))
        record(world, Fetched("finance", "orders", at, 0, 2048))
        body = signed_in(world, "admin").get(USAGE, {"days": 7}, **ENGLISH).json()
        assert (body["from"], body["to"]) == ((today - timedelta(days=6)).isoformat(), today.isoformat())
        assert body["time_zone"] == "Asia/Shanghai"
        assert datetime.fromisoformat(body["as_of"]).utcoffset() == timedelta(hours=8)
        figures = {
            "started": 2,
            "ready": 1,
            "failed": 1,
            "canceled": 0,
            "unfinished": 0,
            "failure_rate": 0.5,
            "bytes": 2048,
            "median_seconds": 12.5,
            "p95_seconds": 12.5,
            "downloads": 1,
            "downloaded_bytes": 2048,
        }
        assert body["total"] == figures
        assert body["before"] == dict.fromkeys(figures, 0) | {
            "failure_rate": None,
            "median_seconds": None,
            "p95_seconds": None,
        }
        assert len(body["days"]) == 7
        assert body["days"][-1] == {"day": today.isoformat(), **figures}
        assert body["types"] == [{"type": "orders", "title": "Orders", **figures}]
        assert [(one["name"], one["exports"], one["downloads"]) for one in body["people"]] == [
            ("operator", 2, 0),
            ("finance", 0, 1),
        ]
        assert body["events"] == []
        assert body["accuracy"] == {"days": 30, "items": []}

    def test_days_are_those_of_the_asker(self, world):
        with world.scope("admin"):
            user = world.user("admin")
            user.time_zone = "Pacific/Kiritimati"
            user.save()
        zone = ZoneInfo("Pacific/Kiritimati")
        body = signed_in(world, "admin").get(USAGE).json()
        assert (body["to"], body["time_zone"]) == (day_of(timezone.now(), zone).isoformat(), zone.key)

    @pytest.mark.parametrize("name", ["finance", "risk", "operator", "nobody", "acme_admin"])
    def test_is_for_people_with_the_right(self, world, name):
        response = signed_in(world, name).get(USAGE, **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
        assert "See the usage of exports" in response.json()["message"]

    def test_wrong_parameters_and_nobody(self, world):
        client = signed_in(world, "admin")
        for query, field in (({"days": "1"}, "days"), ({"from": "x", "to": "y"}, "from"), ({"page": "1"}, "page")):
            response = client.get(USAGE, query, **ENGLISH)
            assert response.status_code == 400
            assert field in response.json()["details"]
        assert Client().get(USAGE).status_code == 401
        assert client.post(USAGE).status_code == 405


class TestKept:
    def ask(self, world, who: str = "platform") -> int:
        with world.scope(who):
            return overview(Period(FIRST, LAST, SHANGHAI)).total.volume.started

    def test_what_was_quick_is_computed_anew(self, world, monkeypatch):
        monkeypatch.setattr(module, "QUICK_SECONDS", 60)
        assert self.ask(world) == 0
        make(world, Made("operator", "orders", "failed", datetime(2026, 3, 5, tzinfo=UTC), 1, 1))
        assert self.ask(world) == 1

    def test_what_took_long_is_kept_for_a_minute_and_company_by_company(self, world, monkeypatch):
        monkeypatch.setattr(module, "QUICK_SECONDS", 0)
        assert self.ask(world) == 0
        make(world, Made("operator", "orders", "failed", datetime(2026, 3, 5, tzinfo=UTC), 1, 1))
        make(world, Made("acme_admin", "members", "failed", datetime(2026, 3, 5, tzinfo=UTC), 1, 1))
        assert (self.ask(world), self.ask(world, "acme"), self.ask(world, "globex")) == (0, 1, 0)
        monkeypatch.setattr(module, "KEPT_SECONDS", -1)
        forget()
        assert self.ask(world) == 1
        make(world, Made("operator", "orders", "failed", datetime(2026, 3, 5, tzinfo=UTC), 1, 1))
        assert self.ask(world) == 2  # its time was over at once

    def test_not_more_than_there_is_room_for(self, world, monkeypatch):
        monkeypatch.setattr(module, "QUICK_SECONDS", 0)
        monkeypatch.setattr(module, "MOST_KEPT", 3)
        with world.scope("platform"):
            for number in range(5):
                overview(Period(FIRST, LAST + timedelta(days=number), SHANGHAI))
        assert len(module._kept._found) == 3

    def test_a_statement_that_takes_too_long_is_503_with_advice(self, live, superuser, monkeypatch):
        monkeypatch.setattr(module, "STATEMENT_SECONDS", 0.2)
        client = signed_in(live, "admin")
        with psycopg.connect(superuser.info.dsn, password=superuser.info.password) as locker:
            locker.execute("LOCK TABLE jobs_exportjob IN ACCESS EXCLUSIVE MODE")
            response = client.get(USAGE, **ENGLISH)
        connection.close()
        assert (response.status_code, response.json()["code"]) == (503, "UNAVAILABLE")
        assert "shorter period" in response.json()["advice"]
        assert client.get(USAGE).status_code == 200

    def test_nobody_waits_for_ever_for_the_same_figures(self, world, monkeypatch):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
        period = Period(FIRST, LAST, SHANGHAI)
        turn = module._kept._computing.setdefault((world.tenants["platform"], period), module.threading.Lock())
        with turn, world.scope("platform"), pytest.raises(Unavailable):
            overview(period)
        del module._kept._computing[world.tenants["platform"], period]
        assert self.ask(world) == 0
