"""The asynchronous client meets the same networks: what is shared is tested once, here is what its driver does."""

import asyncio
import threading

import pytest

from exportcenter_client import AsyncClient, Client, NotFound, Throttled
from exportcenter_client.credentials import Pair
from tests.clients.proxy import Rule
from tests.clients.test_bad_networks import CONTENT, FILE, HASTE, file  # noqa: F401 - a fixture
from tests.world import PASSWORD

pytestmark = pytest.mark.processes


def with_client(proxy, work):
    """What ``work`` returns, given a client that goes through the proxy."""

    async def run():
        async with AsyncClient(proxy.address, username="finance", password=PASSWORD, patience=HASTE) as signed:
            return await work(signed)

    return asyncio.run(run())


def test_cuts_limits_and_errors(proxy, file, tmp_path):  # noqa: F811
    async def work(signed):
        proxy.rules = [Rule(FILE, cut_after=700_000), Rule(f"{file.job_no}$", status=429, headers={"Retry-After": "0"})]
        got = await signed.exports.download(file.job_no, tmp_path)
        proxy.rules = [Rule("exports/E5$", status=429, headers={"Retry-After": "99"})]
        with pytest.raises(Throttled):
            await signed.exports.get("E5")
        with pytest.raises(NotFound):
            await signed.exports.get("E5")
        return got

    got = with_client(proxy, work)
    assert got.paths[0].read_bytes() == CONTENT
    assert got.fetched == len(CONTENT)


def test_a_canceled_download_is_continued(proxy, file, tmp_path):  # noqa: F811
    part = tmp_path / "a.csv.part"

    async def work(signed):
        proxy.rules = [Rule(FILE, pause=0.02)]
        task = asyncio.create_task(signed.exports.download(file.job_no, tmp_path / "a.csv"))
        while not part.exists() or part.stat().st_size < 200_000:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        kept = part.stat().st_size
        got = await signed.exports.download(file.job_no, tmp_path / "a.csv")
        return kept, got

    kept, got = with_client(proxy, work)
    assert kept >= 200_000
    assert got.fetched == len(CONTENT) - kept
    assert got.paths[0].read_bytes() == CONTENT


def test_many_at_once_renew_the_token_once(proxy, file):  # noqa: F811
    async def work(signed):
        await signed.exports.get(file.job_no)
        end(signed)
        return await asyncio.gather(*(signed.exports.get(file.job_no) for _ in range(10)))

    assert len(with_client(proxy, work)) == 10
    assert proxy.count("POST /api/v1/auth/token/refresh") == 1


def test_many_threads_renew_the_token_once(proxy, file):  # noqa: F811
    found = []
    with Client(proxy.address, username="finance", password=PASSWORD, patience=HASTE) as signed:
        signed.exports.get(file.job_no)
        end(signed)
        threads = [threading.Thread(target=lambda: found.append(signed.exports.get(file.job_no))) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(found) == 10
    assert proxy.count("POST /api/v1/auth/token/refresh") == 1


def test_waiting_by_stream_and_by_asking(proxy, center):
    async def work(signed):
        told = []
        made = await signed.exports.create("orders", params={"status": ["completed"]}, columns=["order_no"])
        proxy.rules = [Rule("GET /api/v1/events", cut_after=40), Rule("GET /api/v1/events", status=503)]
        ended = await signed.exports.wait(made.job_id, timeout=60, progress=told.append)
        return ended, told

    ended, told = with_client(proxy, work)
    assert ended.status == told[-1].status == "ready"


def test_who_stops_listing_leaves_no_connection_open(proxy, center):
    for _ in range(3):
        center.exports.make("finance", status="canceled")

    async def work(signed):
        listed = signed.exports.list(page_size=1)
        first = await anext(listed)
        await listed.aclose()
        return first, len(signed._driver._http._transport._pool.connections)

    first, connections = with_client(proxy, work)
    assert first.status == "canceled"
    assert connections <= 1


def end(client):
    """The access token has ended."""
    who = client._session.credentials
    who.pair = Pair("ended", who.pair.refresh)
    who.store.save(who.pair)
