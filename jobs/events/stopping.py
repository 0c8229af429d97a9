"""A web server that is told to stop waits for its connections. Live streams never end, so they are ended then."""

import signal
import threading
from collections.abc import Callable
from functools import cache
from types import FrameType

from jobs.events.hub import Hub

Handler = Callable[[int, FrameType | None], object]


@cache
def end_streams_first(hub: Hub) -> None:
    """At SIGTERM and Ctrl-C close the streams of ``hub``, then do what the server does.

    Called with the first stream: by then the server has set its own handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # signals are none of this thread's business
    for name in (signal.SIGTERM, signal.SIGINT):
        server = signal.getsignal(name)
        if callable(server):
            signal.signal(name, _before(hub, server))


def _before(hub: Hub, server: Handler) -> Handler:
    def stop(number: int, frame: FrameType | None) -> None:
        hub.close_soon()
        server(number, frame)

    return stop
