"""The product as an ASGI application whose server dies before it answers a request with the header ``X-Die``: the
request's transaction has been committed by then."""

import os
import signal

from exportcenter.asgi import application as product


async def application(scope, receive, send):
    doomed = scope["type"] == "http" and any(name == b"x-die" for name, _value in scope["headers"])

    async def deadly(message):
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)
        await send(message)

    await product(scope, receive, deadly)
