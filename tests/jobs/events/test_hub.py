"""Fan-out without a server: what waits for a reader, and what happens when too much does."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from accounts.policy import Visibility
from exportcenter.common.errors import Throttled, Unavailable
from jobs.events import hub as hub_module
from jobs.events.facts import PROGRESS, Fact
from jobs.events.hub import QUEUE, Channel, Credential, Hub, Seats, Subscriber
from jobs.events.reading import Reset
from jobs.events.visibility import Viewer

TENANT, USER = uuid.uuid4(), uuid.uuid4()
ALL = Viewer(TENANT, USER, 1, Visibility(everything=True, classes=frozenset()))
OWN = Viewer(TENANT, USER, 1, Visibility(everything=False, classes=frozenset()))


def fact(seq, *, owner=None, data=None):
    return Fact(TENANT, seq, PROGRESS, f"S{seq}", data or {}, owner, "", datetime.now(UTC))


def subscriber(viewer=ALL, after=0):
    return Subscriber(viewer, after, Credential())


def numbers(reader):
    """Everything that waits."""
    got = []
    while True:
        reset, facts = reader.take()
        assert reset is None
        if not facts:
            return got
        got += [one.seq for one in facts]


def test_what_is_known_already_is_not_offered_again():
    reader = subscriber(after=5)
    for seq in (4, 5, 6, 6, 7):
        reader.offer(fact(seq))
    assert numbers(reader) == [6, 7]


def test_what_is_not_for_the_reader_moves_the_position_only():
    reader = subscriber(OWN)
    reader.offer(fact(1))
    reader.offer(fact(2, owner=USER))
    reader.offer(fact(3))
    assert (numbers(reader), reader.after) == ([2], 3)


def test_a_slow_reader_overflows_into_a_reset_and_goes_on_from_there():
    reader = subscriber()
    for seq in range(1, QUEUE + 1):
        reader.offer(fact(seq))
    assert len(reader._waiting) == QUEUE
    for seq in range(QUEUE + 1, QUEUE + 51):
        reader.offer(fact(seq))
    assert len(reader._waiting) == 0, "nothing is kept for somebody who must look at everything anew"
    assert reader.take() == (Reset.OVERFLOW, [])
    assert reader.after == QUEUE + 50
    reader.offer(fact(QUEUE + 51))
    assert numbers(reader) == [QUEUE + 51]


def test_samples_never_push_events_out():
    reader = subscriber()
    for seq in range(1, QUEUE + 1):
        reader.offer(fact(seq))
    reader.offer_sample(fact(None))
    assert len(numbers(reader)) == QUEUE
    reader.offer_sample(fact(None))
    assert numbers(reader) == [None]


def test_a_closed_stream_gives_nothing_more():
    reader = subscriber()
    reader.offer(fact(1))
    reader.close()
    assert reader.take() == (None, [])


def test_a_reader_is_woken_by_events_and_by_the_end():
    async def story():
        reader = subscriber()
        for wake in (lambda: reader.offer(fact(1)), reader.close):
            waiting = asyncio.create_task(reader.wait(30))
            await asyncio.sleep(0)
            assert not waiting.done()
            wake()
            await asyncio.wait_for(waiting, 1)
            reader.take()
        reader.closed = False
        await asyncio.wait_for(reader.wait(0.01), 1)

    asyncio.run(story())


def test_only_changes_of_progress_are_offered_and_a_newcomer_gets_the_present_state():
    async def story():
        hub = Hub(_nothing)
        early, late = subscriber(), subscriber()
        hub.join(early, 0)
        assert hub.follow(early)
        channel = hub.channels[TENANT]
        job = uuid.uuid4()
        for done in (1, 1, 2):
            channel.sample({job: fact(None, data={"rows_done": done})})
        assert [one.data["rows_done"] for one in early.take()[1]] == [1, 2]
        hub.join(late, 0)
        assert hub.follow(late)
        assert [one.data["rows_done"] for one in late.take()[1]] == [2]
        channel.sample({})
        assert channel.samples == {}
        hub.leave(early)
        hub.leave(late)

    asyncio.run(story())


async def _nothing(hub):
    await asyncio.Event().wait()


def test_nobody_follows_before_the_table_is_read_to_where_the_tailer_is():
    async def story():
        hub = Hub(_nothing)
        first, second = subscriber(after=10), subscriber(after=4)
        hub.join(first, 10)
        hub.join(second, 9)
        assert hub.follow(first)
        hub.channels[TENANT].offer(fact(11))
        assert not hub.follow(second)
        second.after = 11
        assert hub.follow(second)
        hub.channels[TENANT].offer(fact(12))
        assert (numbers(first), numbers(second)) == ([11, 12], [12])
        hub.leave(first)
        hub.leave(second)
        assert hub.channels == {}

    asyncio.run(story())


def test_the_tailer_runs_while_somebody_listens():
    async def story():
        running = []

        async def tail(hub):
            running.append(True)
            try:
                await asyncio.Event().wait()
            finally:
                running.pop()

        hub = Hub(tail)
        for _turn in range(2):
            one, two = subscriber(), subscriber()
            hub.join(one, 0)
            hub.join(two, 0)
            await asyncio.sleep(0.01)
            assert running == [True]
            hub.leave(one)
            await asyncio.sleep(0.01)
            assert running == [True]
            hub.leave(two)
            await asyncio.sleep(0.01)
            assert running == []

    asyncio.run(story())


def test_a_tailer_that_breaks_ends_the_streams_says_so_and_is_replaced(caplog):
    async def story():
        broken = []

        async def tail(hub):
            if not broken:
                broken.append(True)
                raise ValueError("a bug")
            await asyncio.Event().wait()

        hub = Hub(tail)
        one, two = subscriber(), subscriber()
        hub.join(one, 0)
        await asyncio.sleep(0.01)
        assert one.closed
        hub.leave(one)
        hub.join(two, 0)
        await asyncio.sleep(0.01)
        assert not two.closed
        hub.leave(two)

    asyncio.run(story())
    assert "the tailer of live events broke" in caplog.text
    assert "a bug" in caplog.text


def test_events_that_are_gone_reset_whoever_follows():
    channel = Channel(5)
    following, reading = subscriber(after=5), subscriber(after=2)
    following.following = True
    channel.subscribers = {following, reading}
    channel.start_anew(Reset.TOO_OLD, 9)
    assert following.take() == (Reset.TOO_OLD, [])
    assert reading.take() == (None, [])
    assert (channel.position, following.after, reading.after) == (9, 9, 2)


# --- seats ------------------------------------------------------------------------------------------------
@pytest.fixture
def seats(settings):
    settings.EVENT_STREAMS_PER_USER, settings.EVENT_STREAMS_MOST = 2, 3
    return Seats()


def test_so_many_seats_per_person_and_in_all(seats):
    mine = [seats.take(USER), seats.take(USER)]
    with pytest.raises(Throttled) as refused:
        seats.take(USER)
    assert refused.value.retry_after == 5
    seats.take(TENANT)
    with pytest.raises(Unavailable):
        seats.take(uuid.uuid4())
    seats.claim(mine[0])
    seats.give_back(mine[0])
    seats.give_back(mine[0])
    seats.take(USER)


def test_a_seat_whose_stream_never_began_is_free_again(seats, monkeypatch):
    seats.claim(seats.take(USER))
    seats.take(USER)
    monkeypatch.setattr(hub_module, "UNCLAIMED_SECONDS", 0)
    seats.claim(seats.take(USER))
    with pytest.raises(Throttled):
        seats.take(USER)
