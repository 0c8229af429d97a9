"""docs/api.md: its verifier works as printed."""

from jobs.events import ids
from tests import documents
from tests.jobs.events.reader import PATH


def test_the_verifier_accepts_what_we_send_and_nothing_else(world, sign_in, tell):
    (block,) = documents.blocks("api.md", "python", "verify_event.py")
    assert len([line for line in block.text.splitlines() if line.strip()]) <= 10
    scope = {}
    exec(compile(block.text, "verify_event.py", "exec"), scope)  # the document is the thing that is tested
    is_genuine = scope["is_genuine"]
    start, _event = tell("platform", "start", "E20251003001\n“x”")
    client = sign_in("admin")
    key = client.get(f"{PATH}/key").json()
    (event,) = client.get(PATH, {"after": ids.event_id(world.tenants["platform"], start)}).json()["events"]
    assert is_genuine(event, key)
    assert not is_genuine(event | {"subject": "E20251003002"}, key)
    assert not is_genuine(event | {"type": "notification"}, key)
    assert not is_genuine(event, sign_in("finance").get(f"{PATH}/key").json())
