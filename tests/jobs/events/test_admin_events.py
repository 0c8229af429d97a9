"""The outbox in the admin goes by the rule of the stream."""

from jobs.events.facts import NOTIFICATION

PAGE = "/admin/jobs/event/"


def test_an_admin_sees_the_events_of_jobs_and_the_own_notifications(world, sign_in, tell):
    tell("platform", "E1", owner="finance", sensitivity="amount")
    tell("platform", "N-own", owner="admin", kind=NOTIFICATION)
    tell("platform", "N-other", owner="finance", kind=NOTIFICATION)
    page = sign_in("admin").get(PAGE)
    assert page.status_code == 200
    shown = [event.subject for event in page.context["cl"].result_list]
    assert shown == ["N-own", "E1"]
    filtered = sign_in("admin").get(PAGE, {"type": NOTIFICATION})
    assert [event.subject for event in filtered.context["cl"].result_list] == ["N-own"]
