"""Addresses that somebody has edited: always a page, a word about what was passed over, the rest applied."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.engine.states import Status
from jobs.exports.filters import ORDERINGS
from jobs.exports.pages import query
from jobs.models.export import FileType
from tests.jobs.exports.pages.html import Element, read

PAGE = "/admin/exports/"
LONG = "x" * 10_000
ALL = "view=all"


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def three(world, exports):
    """An export that waits, one that has failed, one with a file of 6,000 bytes or so."""
    return {status: exports.make("finance", status=status) for status in ("queued", "failed", "ready")}


def page(client, address: str) -> Element:
    response = client.get(f"{PAGE}?{address}")
    assert response.status_code == 200, (address[:200], response.content[:500])
    return read(response)


def problems(found: Element) -> list[str]:
    """What the page says about its address."""
    alerts = found.one("section", id="list").all(role="alert")
    return [item.text for alert in alerts for item in alert.all("li")]


def numbers(found: Element) -> list[str]:
    return [row.attrs["data-job"] for row in found.all("tr", data_job=True)]


NONSENSE = [
    ("status", "done"),
    ("status", "READY"),
    ("type", "payroll"),
    ("type", "orders,withdraws"),
    ("file_type", "exe"),
    ("created_by", LONG),
    ("created_by", "U999999"),
    ("created_by", "' OR 1=1 --"),
    ("source", LONG),
    ("created_from", "yesterday"),
    ("created_to", "2026-13-45T99:99"),
    ("size_min", "nan"),
    ("size_min", "-1"),
    ("size_max", "1e999"),
    ("size_max", "Infinity"),
    ("q", LONG),
    ("period", "8d"),
    ("period", "TODAY"),
    ("from", "2026-02-30"),
    ("from", "01.02.2026"),
    ("from", LONG),
    ("to", "9999-12-31"),
    ("to", "now"),
    ("mb_min", "nan"),
    ("mb_min", "sNaN"),
    ("mb_min", "-0.5"),
    ("mb_min", "12 MB"),
    ("mb_max", "1e999"),
    ("mb_max", "1e99999999999999999999"),
    ("mb_max", "inf"),
    ("ordering", "password"),
    ("ordering", "--created_at"),
    ("ordering", LONG),
    ("view", LONG),
    ("view", "00000000-0000-0000-0000-000000000000"),
    ("colour", "red"),
    ("owner__password__startswith", "a"),
    ("status__in", "ready"),
    (LONG, "1"),
    ("tenant", "1"),
    ("页面", "一"),
]


@pytest.mark.parametrize(("name", "value"), NONSENSE, ids=lambda text: text[:20])
def test_nonsense_is_told_and_passed_over_and_the_rest_applied(client, three, name, value):
    found = page(client, urlencode([(name, value), ("status", "failed")] if name != "status" else [(name, value)]))
    told = problems(found)
    assert len(told) == 1, told
    assert 10 < len(told[0]) < 600
    if name == "status":
        assert len(numbers(found)) == 3
    else:
        assert numbers(found) == [three["failed"].job_no]


@pytest.mark.parametrize(
    "name",
    [
        "status",
        "type",
        "file_type",
        "created_by",
        "source",
        "created_from",
        "created_to",
        "size_min",
        "size_max",
        "q",
        "period",
        "from",
        "to",
        "mb_min",
        "mb_max",
        "ordering",
        "view",
        "a\x00b",
    ],
)
@pytest.mark.parametrize("value", ["\0", "a\0b"])
def test_nul_is_told_and_never_reaches_the_database(client, three, name, value):
    response = client.get(f"{PAGE}?{urlencode({name: value})}")
    assert response.status_code == 200
    assert len(problems(read(response))) == 1
    assert b"\0" not in response.content
    assert len(numbers(read(response))) == 3


@pytest.mark.parametrize(
    ("address", "kept", "words"),
    [
        ("source=/a&source=/b", {"source": ["/a"]}, "此条件只能有一个值，已采用“/a”。"),
        ("from=2026-01-02&from=2026-02-02", {"from": ["2026-01-02"]}, "已采用“2026-01-02”"),
        ("period=7d&period=today", {"period": ["7d"]}, "已采用“7d”"),
        ("q=E1&q=E2", {"q": ["E1"]}, "已采用“E1”"),
        ("mb_min=1&mb_min=2", {"mb_min": ["1"]}, "已采用“1”"),
        ("period=7d&from=2026-01-02", {"from": ["2026-01-02"]}, "地址中已有其他条件限定了同一项"),
        ("from=2026-01-02&created_from=2026-01-01T00:00Z", {"from": ["2026-01-02"]}, "地址中已有其他条件限定了同一项"),
        ("size_min=5&mb_min=1", {"size_min": ["5"]}, "地址中已有其他条件限定了同一项"),
        ("from=2026-02-02&to=2026-01-01", {"from": ["2026-02-02"]}, "结束早于开始"),
        ("mb_min=5&mb_max=1", {"mb_min": ["5"]}, "结束早于开始"),
        ("size_min=5&size_max=1", {"size_min": ["5"]}, "结束早于开始"),
        ("created_from=2026-02-02T00:00Z&to=2026-01-01", {"created_from": ["2026-02-02T00:00Z"]}, "结束早于开始"),
        ("period=today&to=2020-01-01", {"period": ["today"]}, "结束早于开始"),
    ],
)
def test_contradictions_are_told(world, client, address, kept, words):
    with world.scope("finance"):
        asked = query.read(QueryDict(address), world.user("finance"))
    assert asked.given == kept
    (told,) = problems(page(client, f"{address}&{ALL}"))
    assert words in told


@pytest.mark.parametrize(
    "address",
    [
        "status=ready&status=failed",
        "from=2026-01-01&to=2026-01-01",
        "period=7d&to=2099-01-01",
        "mb_min=1&mb_max=1",
        "from=&to=&q=&status=",
        "mb_min=1e-999999",
        "mb_min=1.5",
        "mb_max=1073741824",
    ],
)
def test_what_is_right_is_not_complained_about(client, address):
    assert problems(page(client, f"{address}&{ALL}")) == []


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31", "2026-W01-1", "20260101"])
@pytest.mark.parametrize("name", ["from", "to", "created_from", "created_to"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_the_ends_of_time(world, client, name, day, zone):
    with world.scope("finance"):
        user = world.user("finance")
        user.time_zone = zone
        user.save(update_fields=["time_zone"])
    time = "T00:00:00" if name.startswith("created") else ""
    for offset in ("", "Z", "+14:00", "-14:00") if time else ("",):
        page(client, urlencode({name: day + time + offset}))


@pytest.mark.parametrize("path", ["", "rows"])
@pytest.mark.parametrize("cursor", ["x", "\0", LONG, "WyJhIl0:1abc:def", "💥"])
def test_a_cursor_that_was_not_given_out(client, three, path, cursor):
    response = client.get(f"{PAGE}{path}?{urlencode({'cursor': cursor})}")
    if path:
        assert response.status_code == 400
        assert response.json() == {"message": "此翻页标记属于另一个列表，请从头开始加载。"}
    else:  # the page begins at the beginning
        assert len(numbers(read(response))) == 3


def test_a_cursor_of_another_list_is_refused(client, exports):
    for _number in range(25):
        exports.make("finance", status="failed")
    cursor = page(client, ALL).one("tr", data_cursor=True).attrs["data-cursor"]
    assert client.get(f"{PAGE}rows?{urlencode({'cursor': cursor})}").status_code == 200
    for other in ({"status": "failed"}, {"ordering": "created_at"}, {"q": "E"}):
        assert client.get(f"{PAGE}rows?{urlencode({'cursor': cursor} | other)}").status_code == 400, other


def test_the_address_without_what_was_wrong_is_offered(client, three):
    found = page(client, "status=failed&colour=red&ordering=x")
    alert = found.one("section", id="list").one(role="alert")
    address = alert.one("a", data_soft=True).attrs["href"]
    assert address == "?status=failed"
    assert problems(page(client, address[1:])) == []


def test_many_wrong_names_at_once(client, three):
    found = page(client, urlencode([(f"f{number}", "x") for number in range(300)]))
    assert len(problems(found)) == 300
    assert len(numbers(found)) == 3


def test_days_are_those_of_the_reader(world, exports, sign_in):
    """00:30 in Shanghai is the day before in London."""
    with world.scope("finance"):
        user = world.user("finance")
        user.time_zone = "Asia/Shanghai"
        user.save(update_fields=["time_zone"])
    moment = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)
    job = exports.make("finance", created_at=moment, available_at=moment)
    client = sign_in("finance")
    for address, there in {"from=2026-03-05&to=2026-03-05": True, "from=2026-03-04&to=2026-03-04": False}.items():
        assert numbers(page(client, address)) == ([job.job_no] if there else []), address


def test_a_period_begins_at_midnight_of_its_first_day(world, exports, sign_in):
    with world.scope("finance"):
        zone = world.user("finance").zone
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    made = {}
    for days in (0, 2, 6, 29):
        first = midnight - timedelta(days=days)
        for moment in (first, first - timedelta(seconds=1)):
            made[moment] = exports.make("finance", created_at=moment, available_at=moment).job_no
    client = sign_in("finance")
    for name, days in {"today": 0, "3d": 2, "7d": 6, "30d": 29}.items():
        first = midnight - timedelta(days=days)
        expected = {number for moment, number in made.items() if moment >= first}
        assert set(numbers(page(client, f"period={name}"))) == expected, name


MANY = {
    "status": st.lists(st.sampled_from(Status.values), min_size=1, unique=True),
    "type": st.lists(st.sampled_from(["orders", "members", "reports_custom"]), min_size=1, unique=True),
    "file_type": st.lists(st.sampled_from(FileType.values), min_size=1, unique=True),
    "created_by": st.text(min_size=1, max_size=20).map(lambda text: [text]),
    "source": st.text(min_size=1, max_size=60).map(lambda text: [text]),
    "q": st.text(min_size=1, max_size=20).map(lambda text: [text]),
    "period": st.sampled_from(list(query.PERIODS)).map(lambda name: [name]),
    "from": st.dates().map(lambda day: [day.isoformat()]),
    "to": st.dates().map(lambda day: [day.isoformat()]),
    "mb_min": st.decimals(allow_nan=None).map(lambda number: [str(number)]),
    "mb_max": st.decimals(allow_nan=None).map(lambda number: [str(number)]),
    "size_min": st.integers().map(lambda number: [str(number)]),
    "colour": st.just(["red"]),
}
ADDRESSES = st.fixed_dictionaries(
    {}, optional=MANY | {"ordering": st.sampled_from([*ORDERINGS, "x"]).map(lambda name: [name])}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=ADDRESSES)
def test_an_address_that_the_page_writes_says_what_was_read(world, address):
    with world.scope("finance"):
        user = world.user("finance")
        first = query.read(QueryDict(urlencode(address, doseq=True)), user)
        again = query.read(QueryDict(first.address()[1:]), user)
    assert again.problems == []
    assert (again.given, again.ordering, again.narrowing) == (first.given, first.ordering, first.narrowing)
    assert again.address() == first.address()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(st.sampled_from([*MANY, "view", "ordering", "only", "cursor", ""]), st.text()), max_size=6)
)
def test_no_address_breaks_the_page(world, client, pairs):
    page(client, urlencode(pairs))


@pytest.mark.parametrize("name", ["status", "from", "q", "source"])
def test_taking_a_filter_away_leaves_the_others(client, three, name):
    given = {"status": "failed", "from": "2020-01-01", "q": "E", "source": "/orders", "ordering": "file_size"}
    found = page(client, urlencode(given))
    chips = {item.attrs["href"] for item in found.all("a", classes="ec-applied-one")}
    left = {key: value for key, value in given.items() if key != name}
    assert any(dict(QueryDict(chip[1:]).items()) == left for chip in chips), chips
    assert len(chips) == 4
