"""The page on which people choose what they hear of: a form that needs no script."""

import re

import pytest
from django.test import Client

from accounts.models import User
from jobs.pages.preferences import get_preference

PATH = "/accounts/notifications/"
BOX = re.compile(r'<input type="checkbox" name="(\w+)"[^>]*?( checked)?>')


def boxes(client) -> dict[str, bool]:
    page = client.get(PATH)
    assert page.status_code == 200
    return {name: bool(checked) for name, checked in BOX.findall(page.content.decode())}


def wishes(world, name: str) -> dict:
    with world.scope(name):
        return get_preference(page="notifications", user_id=world.users[name][1])


@pytest.mark.parametrize("name", ["finance", "acme_user"])
def test_six_boxes_that_can_be_ticked(world, sign_in, name):
    client = sign_in(name)
    assert boxes(client) == {
        "bell_ready": True, "mail_ready": False, "bell_failed": True, "mail_failed": False, "bell_canceled": True,
        "mail_canceled": False,
    }  # fmt: skip
    answer = client.post(PATH, {"mail_ready": "on", "bell_failed": "on"})
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    assert wishes(world, name) == {
        "bell": {"ready": False, "failed": True, "canceled": False},
        "mail": {"ready": True, "failed": False, "canceled": False},
    }
    assert {box for box, ticked in boxes(client).items() if ticked} == {"mail_ready", "bell_failed"}
    client.post(PATH, {})
    assert not any(boxes(client).values())


def test_fields_that_are_not_there_change_nothing(world, sign_in):
    sign_in("finance").post(PATH, {"sms_ready": "on", "bell_expired": "on", "user": "1", "bell_ready": "on"})
    assert wishes(world, "finance")["bell"] == {"ready": True, "failed": False, "canceled": False}
    assert wishes(world, "operator")["bell"]["failed"] is True


def test_every_box_has_a_name_for_those_who_cannot_see_the_table(sign_in):
    page = sign_in("finance").get(PATH).content.decode()
    labels = re.findall(r'<label><span class="unseen">([^<]+)</span><input', page)
    assert len(labels) == len(set(labels)) == 6


def test_it_says_where_mail_goes_or_that_it_goes_nowhere(world, sign_in):
    client = sign_in("finance")
    assert "finance@example.com" in client.get(PATH).content.decode()
    with world.scope("finance"):
        User.objects.filter(pk=world.users["finance"][1]).update(email="")
    assert "没有邮箱地址" in client.get(PATH).content.decode()


def test_it_is_linked_from_my_account_and_from_the_admin(sign_in):
    client = sign_in("finance")
    for page in ("/accounts/me/", "/admin/"):
        assert f'href="{PATH}"' in client.get(page).content.decode(), page


def test_strangers_and_forged_forms_are_refused(world, sign_in):
    assert Client().get(PATH)["Location"].startswith("/accounts/login/")
    assert Client().post(PATH, {})["Location"].startswith("/accounts/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = sign_in("finance").cookies
    assert strict.post(PATH, {}).status_code == 403
    assert wishes(world, "finance")["bell"]["ready"] is True
    assert sign_in("finance").put(PATH).status_code == 405


def test_it_is_not_kept_by_browsers(sign_in):
    assert "no-store" in sign_in("finance").get(PATH)["Cache-Control"]
