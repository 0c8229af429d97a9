"""Live streams of a real web process: hello, replay, resets, signs of life, progress."""

import itertools
import time

import httpx
import pytest

from jobs.events import ids
from jobs.models import Event, ExportJob
from tests.jobs.events.reader import PATH, SSE

pytestmark = pytest.mark.processes


def event_id(live, slug, number):
    return ids.event_id(live.tenants[slug], number)


def test_a_stream_says_hello_and_then_what_happens(live, listen, tell):
    (before,) = tell("platform", "before")
    reader = listen("admin")
    assert (reader.status, reader.headers["Content-Type"]) == (200, "text/event-stream")
    assert (reader.headers["Cache-Control"], reader.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    assert "Accept" in reader.headers["Vary"]
    hello = reader.hello
    assert hello.id == event_id(live, "platform", before)
    assert hello.data == {"last": hello.id}
    assert 0 < hello.retry <= 2000
    tell("platform", "S1", "S2")
    first, second = reader.wait_for_events(2)
    assert (first["subject"], second["subject"]) == ("S1", "S2")
    named = [(block.event, block.id) for block in reader.blocks if block.is_fact]
    assert named == [("job.status", first["id"]), ("job.status", second["id"])]
    assert first["id"] == event_id(live, "platform", before + 1)
    assert set(first) == {"id", "type", "time", "subject", "data", "key_id", "signature"}
    assert (first["type"], first["data"], first["key_id"]) == ("job.status", {"job_id": "S1"}, "local")
    assert first["time"].endswith("Z")


def test_two_streams_of_one_person_get_the_same(listen, tell):
    one, two = listen("admin"), listen("admin")
    assert one.hello.data == two.hello.data
    tell("platform", "S1")
    assert one.wait_for_events(1) == two.wait_for_events(1)


@pytest.mark.parametrize("how", ["header", "last_event_id", "after", "header before parameter"])
def test_what_was_missed_comes_first_in_order_and_once(live, listen, tell, how):
    """More than is read at once, and more while it is being read."""
    start, *missed = tell("platform", *(f"M{number}" for number in range(450)))
    known = event_id(live, "platform", start)
    if how == "header":
        reader = listen("admin", **{"Last-Event-ID": known})
    elif how == "header before parameter":
        newest = event_id(live, "platform", missed[-1])
        reader = listen("admin", path=f"{PATH}?last_event_id={newest}", **{"Last-Event-ID": known})
    else:
        reader = listen("admin", path=f"{PATH}?{how}={known}")
    tell("platform", *(f"L{number}" for number in range(50)))
    events = reader.wait_for_events(499, seconds=20)
    assert [event["id"] for event in events] == [
        event_id(live, "platform", number) for number in range(start + 1, start + 500)
    ]
    assert reader.resets == []
    assert reader.hello.id is None, "a browser that loses the replay must ask for it again"


def test_reconnecting_again_and_again_loses_and_doubles_nothing(live, listen, tell):
    first, got = None, []
    for turn in range(12):
        reader = listen("admin", **({"Last-Event-ID": first} if first else {}))
        assert reader.hello
        tell("platform", *(f"T{turn}-{number}" for number in range(5)))
        reader.wait(lambda reader=reader, turn=turn: len(reader.events) >= (3 if turn % 2 else 5))
        reader.close()
        got += reader.subjects()
        first = reader.last_event_id
        tell("platform", f"between-{turn}")
    reader = listen("admin", **{"Last-Event-ID": first})
    reader.wait(lambda: reader.subjects()[-1:] == ["between-11"])
    got += reader.subjects()
    wanted = [
        subject for turn in range(12) for subject in (*(f"T{turn}-{number}" for number in range(5)), f"between-{turn}")
    ]
    assert got == wanted


MADE_UP = (
    *("", "x", "1", "-1", "{stream}-", "{stream}--1", "{stream}-01", "{stream}-1e3", "{stream}-9999999"),
    *("{stream}-99999999999999999999", "{stream}-١", "{other}-1", "000000000000-1"),
    *("' OR 1=1 --", "\x7f", "é" * 40),
)


def test_an_id_that_is_none_is_answered_by_a_reset(live, listen, tell):
    """Nonsense, another company's, one that was never given, one that comes only in the future."""
    (newest,) = tell("platform", "before")
    tell("acme", "theirs")
    last = event_id(live, "platform", newest)
    streams = {"stream": last.partition("-")[0], "other": event_id(live, "acme", 0).partition("-")[0]}
    for made_up in MADE_UP:
        reader = listen("admin", path=str(httpx.URL(PATH, params={"last_event_id": made_up.format(**streams)})))
        assert reader.hello.data == {"last": last}
        reader.wait(lambda reader=reader: reader.resets)
        assert reader.resets == [{"reason": "unknown", "last": last}], made_up
        assert [block.id for block in reader.blocks if block.event == "reset"] == [last]
        if made_up != MADE_UP[-1]:
            reader.close()
    tell("platform", "after")
    assert [event["subject"] for event in reader.wait_for_events(1)] == ["after"]


def test_an_id_older_than_what_is_kept_is_answered_by_a_reset(live, listen, tell):
    numbers = tell("platform", "M0", "M1", "M2")
    with live.scope("platform"):
        Event.objects.filter(seq__lte=numbers[1]).delete()
    reader = listen("admin", **{"Last-Event-ID": event_id(live, "platform", numbers[0])})
    reader.wait(lambda: reader.resets)  # what happens before it is covered by it
    tell("platform", "after")
    assert [event["subject"] for event in reader.wait_for_events(1)] == ["after"]
    assert reader.resets == [{"reason": "too_old", "last": event_id(live, "platform", numbers[2])}]
    kept = listen("admin", **{"Last-Event-ID": event_id(live, "platform", numbers[1])})
    assert [event["subject"] for event in kept.wait_for_events(2)] == ["M2", "after"]
    assert kept.resets == []


def test_a_silent_stream_gives_signs_of_life_and_passes_what_is_for_others(live, listen, tell):
    reader = listen("operator")
    assert reader.hello
    *_others, last = tell("platform", "F1", "F2", owner="finance", sensitivity="amount")
    reader.wait(lambda: reader.last_event_id == event_id(live, "platform", last))
    reader.wait(lambda: sum(block.comment == "ping" for block in reader.blocks) >= 3)
    pings = [block for block in reader.blocks if block.comment == "ping"]
    gaps = [after.at - before.at for before, after in itertools.pairwise(pings)]
    assert min(gaps) > 0.5
    assert max(gaps) < 2
    assert reader.events == []
    assert {block.text for block in pings} == {""}
    assert sum(block.id is not None for block in pings) == 1


def test_progress_of_running_jobs_is_sampled_and_stored_nowhere(live, exports, listen):
    job = exports.make("finance", "orders", "processing")
    exports.make("finance", "orders", "queued")
    seer, stranger = listen("finance"), listen("operator")
    seer.wait(lambda: seer.samples, seconds=3)
    (sample,) = seer.samples
    assert [block.event for block in seer.blocks if block.is_fact] == ["job.progress"]
    assert (sample["id"], sample["type"], sample["subject"]) == (None, "job.progress", job.job_no)
    said = {"job_id": job.job_no, "progress": 65, "stage": "writing", "rows_done": 65, "rows_expected": 100}
    assert sample["data"] == said
    late = listen("finance")
    late.wait(lambda: late.samples, seconds=3)
    assert late.samples[0]["data"] == said
    with live.scope("finance"):
        ExportJob.objects.filter(pk=job.pk).update(rows_done=80)
    seer.wait(lambda: len(seer.samples) == 2, seconds=3)
    assert seer.samples[1]["data"] == said | {"progress": 80, "rows_done": 80}
    time.sleep(1.2)
    assert len(seer.samples) == 2, "what has not changed is not sent"
    assert stranger.samples == []
    assert stranger.hello
    with live.scope("finance"):
        assert not Event.objects.filter(type="job.progress").exists()


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_other_methods_are_refused(web, cookie, method):
    with httpx.Client(base_url=web.address, headers=cookie("admin") | SSE, trust_env=False) as http:
        response = http.request(method, PATH)
    assert response.status_code in ((405,) if method == "HEAD" else (403, 405))


def test_nobody_listens_without_a_name(web):
    with httpx.Client(base_url=web.address, headers=SSE | {"Accept-Language": "en"}, trust_env=False) as http:
        response = http.get(PATH)
        assert (response.status_code, response.json()["code"]) == (401, "NOT_AUTHENTICATED")
        response = http.get(PATH, headers={"Authorization": "Bearer x.y.z"})
        assert response.status_code == 401
        assert response.headers["Content-Type"] == "application/json"
