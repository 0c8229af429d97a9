"""Ending a sign-in where it counts: at the server."""

import contextlib

from exportcenter_client.effects import Do, Exclusive, Flow, Request
from exportcenter_client.errors import NotAuthenticated
from exportcenter_client.sending import send
from exportcenter_client.session import Session


def sign_out(session: Session) -> Flow[bool]:
    """End the sign-in whose tokens we hold, and forget them. False when there is none: an API token is not one.

    What cannot be said to the server (NetworkError, …) is raised, and the tokens are kept for another try.
    """

    def flow() -> Flow[bool]:
        who = session.credentials
        lock = who.store.lock()
        yield Do(lock.__enter__)  # nobody renews meanwhile
        try:
            pair = (yield Do(who.store.load)) or who.pair
            if pair is None or who.token:
                return False
            request = Request("POST", "/auth/logout", body={"refresh": pair.refresh}, anonymous=True)
            with contextlib.suppress(NotAuthenticated):  # it was over already
                yield from send(session, request)
            who.pair = None
            yield Do(who.store.forget)
            return True
        finally:
            lock.__exit__(None, None, None)

    return bool((yield Exclusive(flow)))
