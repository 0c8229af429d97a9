"""Answers block by block under ASGI: what happens to their blocks when the reader goes away."""

import asyncio
import threading

import pytest
from asgiref.sync import async_to_sync

from exportcenter.common.streaming import in_threads


class Source:
    """Blocks that wait to be let go. ``ended``: closed, after the block at work was made."""

    def __init__(self) -> None:
        self.at_work, self.go, self.ended, self.made = threading.Event(), threading.Event(), threading.Event(), 0

    def blocks(self):
        try:
            while True:
                self.at_work.set()
                self.go.wait(10)
                self.made += 1
                yield b"x"
        finally:
            self.ended.set()


def test_a_block_at_work_is_finished_before_the_source_is_closed():
    source = Source()

    async def leave_meanwhile():
        async def read():
            async for _block in in_threads(source.blocks()):
                pass

        reader = asyncio.ensure_future(read())
        await asyncio.to_thread(source.at_work.wait, 10)
        reader.cancel()
        await asyncio.sleep(0.05)
        assert not source.ended.is_set()
        source.go.set()
        with pytest.raises(asyncio.CancelledError):
            await reader

    async_to_sync(leave_meanwhile)()
    assert source.ended.wait(10)
    assert source.made == 1


def test_all_blocks_come_and_the_source_is_closed():
    source = Source()
    source.go.set()

    async def three():
        reading = in_threads(source.blocks())
        found = [await anext(reading) for _number in range(3)]
        await reading.aclose()
        return found

    assert async_to_sync(three)() == [b"x"] * 3
    assert source.ended.is_set()
