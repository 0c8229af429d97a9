"""Styles and scripts, as the web server answers them."""

import warnings
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.staticfiles import finders
from django.test import AsyncClient

STYLE = "css/jobs.css"


def got(address: str, **headers: str) -> tuple[int, bytes]:
    """Status and content of an answer under ASGI, which Django must not have had to gather first."""

    async def ask():
        answer = await AsyncClient().get(address, headers=headers)
        if not answer.streaming:
            return answer.status_code, answer.content
        assert answer.is_async
        return answer.status_code, b"".join([block async for block in answer.streaming_content])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return async_to_sync(ask)()


@pytest.mark.parametrize(
    ("headers", "status", "part"),
    [({}, 200, slice(None)), ({"range": "bytes=10-19"}, 206, slice(10, 20))],
    ids=["whole", "range"],
)
def test_a_file_is_sent_block_by_block(headers, status, part):
    content = Path(str(finders.find(STYLE))).read_bytes()
    assert got(f"/static/{STYLE}", **headers) == (status, content[part])


def test_what_is_not_there():
    assert got("/static/css/none.css")[0] == 404
