"""Polls: 304 where nothing has changed, and never where something has."""

import random
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tenant, User
from accounts.services import set_roles
from bench.page import OF_TRANSACTIONS
from exportcenter.common import etag
from exportcenter.common.errors import ExportCenterError
from jobs.engine import kinds, lifecycle, queue
from jobs.engine.errors import JobCrashed, StorageTrouble
from jobs.events import publish
from jobs.exports import api, delivery, links, services
from jobs.models import Event, ExportJob, JobLog
from jobs.notices import inbox, tell
from tests.exports_helpers import API, ENGLISH, post
from tests.jobs.exports.runs import ask, run
from tests.world import PASSWORD

LISTS = [
    API,
    f"{API}?cursor=&page_size=3&total=true",
    f"{API}?status=processing&status=ready",
    f"{API}?ordering=-file_size",
    f"{API}?type=members",
]
POLLS = ["/api/v1/datasets", "/api/v1/datasets/orders", "/api/v1/events", "/api/v1/notifications"]
VARIES = {"Accept-Language", "Authorization", "Cookie"}


def steady(body):
    """What of a body must not change without its tag: links are signed anew each time, whether there is one counts."""
    if isinstance(body, dict):
        signed = {"download_url", "next_cursor"}
        return {name: bool(value) if name in signed else steady(value) for name, value in body.items()}
    return [steady(item) for item in body] if isinstance(body, list) else body


def questions(client, address, **headers) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address, **headers)
    return sum(not query["sql"].startswith(OF_TRANSACTIONS) for query in captured)


class Poller:
    """Polls some addresses, and finds out what a 304 has kept from it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.known: dict[str, tuple[str, object]] = {}
        self.saved = 0

    def poll(self, address: str) -> bool:
        """Whether the answer was 304; fails when it should not have been."""
        tag, body = self.known.get(address, ("", None))
        response = self.client.get(address, **({"HTTP_IF_NONE_MATCH": tag} if tag else {}))
        if response.status_code != 304:
            shown = steady(response.json())
            self.known[address] = (response.get("ETag", ""), shown)
            return False
        self.saved += 1
        fresh = self.client.get(address)
        assert steady(fresh.json()) == body, f"304 of {address}, which has changed"
        return True


STEPS = [
    *("ask", "ask", "ask", "claim", "claim", "claim", "progress", "progress", "log", "publish", "publish"),
    *("fail", "transient", "cancel", "stop", "release", "expire", "revoke", "accelerate", "retry", "delete"),
    *("roles", "settings", "hours", "stranger", "nothing"),
]
"""What can happen, with its weight."""


class Life:
    """What happens to exports, by the product's own functions, in one test's transaction."""

    def __init__(self, world, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.kind = kinds.get("export")
        self.claims: list = []
        self.later = timedelta()

    def step(self) -> str:
        """Do something, if it is possible now; its name."""
        name = self.chance.choice(STEPS)
        try:
            with self.world.scope("admin"):
                getattr(self, name)()
        except (ExportCenterError, IndexError):  # not possible now
            return f"{name} (refused)"
        return name

    def nothing(self) -> None: ...

    def ask(self) -> None:
        services.request_export(
            dataset=self.chance.choice(["orders", "members", "risk_hits"]),
            file_type="csv",
            params={},
            actor=self.world.user(self.chance.choice(["admin", "admin", "finance"])),
        )

    def claim(self) -> None:
        if claim := queue.claim(self.kind, worker="test:1"):
            self.claims.append(claim)

    def held(self):
        return self.claims.pop(self.chance.randrange(len(self.claims)) if self.claims else 0)

    def progress(self) -> None:
        # As the heartbeat writes it; its own connection would not see this transaction.
        job = self.chance.choice(self.claims).job
        done = self.chance.randrange(1000)
        ExportJob.objects.filter(pk=job.pk, status="processing").update(rows_done=done, rows_expected=1000)

    def log(self) -> None:
        job = self.chance.choice(self.claims).job
        JobLog.objects.create(kind="export", job_id=job.pk, at=timezone.now(), message=str(self.chance.random()))

    def publish(self) -> None:
        claim = self.held()
        file = delivery.ExportFile(
            rows=5,
            key=f"test/{claim.fence}",
            name=f"{claim.job.job_no}.csv",
            size=self.chance.randrange(1000),
            sha256="a" * 64,
            snapshot_at=timezone.now(),
            lifetime=timedelta(hours=self.chance.choice([1, 5, 24])),
            rights=(),
            regions=None,
            facts={"totals": {}, "filters": [], "columns": []},
            preview=[],
        )
        lifecycle.publish(claim, file)

    def fail(self) -> None:
        lifecycle.fail(self.held(), JobCrashed(), stack="…")

    def transient(self) -> None:
        lifecycle.fail(self.held(), StorageTrouble())
        ExportJob.objects.filter(status="queued").update(available_at=timezone.now() - timedelta(days=1))

    def release(self) -> None:
        lifecycle.release(self.held())

    def one(self, *statuses: str) -> ExportJob:
        return self.chance.choice(list(ExportJob.objects.filter(status__in=statuses)))

    def cancel(self) -> None:
        services.cancel_export(self.one("queued", "processing").job_no, actor=self.world.user("admin"))

    def stop(self) -> None:
        lifecycle.cancel(self.held())

    def expire(self) -> None:
        job = ExportJob.objects.select_for_update(of=("self",)).get(pk=self.one("ready").pk)
        lifecycle.expire(self.kind, job)

    def revoke(self) -> None:
        links.revoke_links(self.one("ready", "queued").job_no, actor=self.world.user("admin"))

    def accelerate(self) -> None:
        services.accelerate_export(self.one("queued").job_no, actor=self.world.user("admin"))

    def retry(self) -> None:
        services.retry_export(self.one("failed", "canceled", "expired").job_no, actor=self.world.user("admin"))

    def delete(self) -> None:
        services.delete_expired(actor=self.world.user("admin"))

    def roles(self) -> None:
        roles = self.chance.choice([["finance"], ["risk"], ["operator"], ["finance", "risk"]])
        set_roles(user=self.world.user("finance"), roles=roles, actor=None)

    def settings(self) -> None:
        zone, language = self.chance.choice(["Asia/Shanghai", "Europe/Madrid"]), self.chance.choice(["en", "zh-hans"])
        User.objects.filter(pk=self.world.users["finance"][1]).update(time_zone=zone, language=language)

    def hours(self) -> None:
        self.later += timedelta(hours=2)

    def stranger(self) -> None:
        with self.world.scope("acme_admin"):
            publish("job.status", "E1", {}, sensitivity="amount")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_no_change_is_missed(world, sign_in, monkeypatch, seed):
    """The window of the links is held still here: it would hide what the rest of the tag misses."""
    life = Life(world, random.Random(seed))
    monkeypatch.setattr(api, "link_window", lambda: ())
    really = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: really() + life.later)
    poller, done = Poller(sign_in("finance")), []
    for _number in range(45):
        done.append(life.step())
        with world.scope("finance"):
            numbers = list(ExportJob.objects.order_by("-created_at").values_list("job_no", flat=True)[:3])
        for address in [*LISTS, *(f"{API}/{number}" for number in numbers), "/api/v1/notifications"]:
            poller.poll(address)
            assert poller.poll(address) or address not in poller.known or not poller.known[address][0]
    assert poller.saved > 45
    assert len({name for name in done if "refused" not in name}) > 8, done


@pytest.mark.parametrize("address", [*LISTS, *POLLS])
def test_an_unchanged_poll(world, exports, sign_in, address):
    exports.make("finance", status="ready")
    client = sign_in("finance")
    first = client.get(address, **ENGLISH)
    assert first["ETag"].startswith('W/"')
    assert first["Cache-Control"] == "private, no-cache"
    assert set(first["Vary"].split(", ")) >= VARIES
    for known in (first["ETag"], first["ETag"].removeprefix("W/"), f'"x", {first["ETag"]}', "*"):
        again = client.get(address, HTTP_IF_NONE_MATCH=known, **ENGLISH)
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == "private, no-cache"
        assert set(again["Vary"].split(", ")) >= VARIES
    for other in ("", '"x"', first["ETag"][:-2] + '"', "nonsense"):
        assert client.get(address, HTTP_IF_NONE_MATCH=other, **ENGLISH).status_code == 200
    head = client.head(address, HTTP_IF_NONE_MATCH=first["ETag"], **ENGLISH)
    assert head.status_code == (405 if address == "/api/v1/events" else 304)


@pytest.mark.parametrize("address", [*LISTS, *POLLS, "detail"])
def test_an_unchanged_poll_asks_three_questions_at_most(world, exports, sign_in, address):
    """Of a session: session, person, mark; of a token: person, mark. The catalogue asks for the rights, and no mark."""
    job = exports.make("finance", status="ready")
    address = f"{API}/{job.job_no}" if address == "detail" else address
    client = sign_in("finance")
    known = client.get(address, **ENGLISH)["ETag"]
    assert questions(client, address, HTTP_IF_NONE_MATCH=known, **ENGLISH) == 3
    token = post(Client(), "/api/v1/auth/token", {"username": "finance", "password": PASSWORD}).json()["access"]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}", **ENGLISH}
    known = Client().get(address, **bearer)["ETag"]
    assert Client().get(address, HTTP_IF_NONE_MATCH=known, **bearer).status_code == 304
    assert questions(Client(), address, HTTP_IF_NONE_MATCH=known, **bearer) == 2


def test_a_tag_is_of_one_person_address_language_zone_and_host(world, exports, sign_in):
    job = exports.make("finance", status="ready")
    clients = {name: sign_in(name) for name in ("finance", "admin")}
    tags = [
        clients["finance"].get(API, **ENGLISH)["ETag"],
        clients["finance"].get(API, HTTP_ACCEPT_LANGUAGE="zh-hans")["ETag"],
        clients["finance"].get(f"{API}?page=1", **ENGLISH)["ETag"],
        clients["finance"].get(f"{API}/{job.job_no}", **ENGLISH)["ETag"],
        clients["finance"].get(API, HTTP_HOST="localhost", **ENGLISH)["ETag"],
        clients["admin"].get(API, **ENGLISH)["ETag"],
    ]
    with world.scope("finance"):
        User.objects.filter(pk=world.users["finance"][1]).update(time_zone="Europe/Madrid")
    tags.append(clients["finance"].get(API, **ENGLISH)["ETag"])
    assert len(set(tags)) == len(tags)


def test_a_link_is_alive_for_as_long_as_304_is_answered(world, exports, sign_in, monkeypatch):
    exports.make("finance", status="ready")
    client, window = sign_in("finance"), settings.DOWNLOAD_LINK_SECONDS / etag.WINDOWS_PER_LINK
    start = time.time() // window * window
    monkeypatch.setattr(etag.time, "time", lambda: start + 0.1)
    known = client.get(API)["ETag"]
    (url,) = [item["download_url"] for item in client.get(API).json()["items"]]
    for seconds, status in ((window - 1, 304), (window + 1, 200)):
        monkeypatch.setattr(etag.time, "time", lambda seconds=seconds: start + seconds)
        assert client.get(API, HTTP_IF_NONE_MATCH=known).status_code == status
        links.read(url.partition("token=")[2])  # raises when it is over


def test_a_link_whose_key_is_taken_out_of_use_is_no_longer_called_unchanged(world, exports, sign_in, settings):
    exports.make("finance", status="ready")
    client = sign_in("finance")
    known = client.get(API)["ETag"]
    settings.DOWNLOAD_KEYS = {"new": "n" * 32}
    assert client.get(API, HTTP_IF_NONE_MATCH=known).status_code == 200


def test_a_file_whose_time_is_over_before_the_sweep(world, exports, sign_in, monkeypatch):
    job = exports.make("finance", status="ready", expires_at=timezone.now() + timedelta(minutes=5))
    client = sign_in("finance")
    addresses = (API, f"{API}/{job.job_no}")
    known = {address: client.get(address)["ETag"] for address in addresses}
    really = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: really() + timedelta(minutes=6))
    for address in addresses:
        assert client.get(address, HTTP_IF_NONE_MATCH=known[address]).status_code == 200


def test_what_is_refused_or_gone_is_never_called_unchanged(world, exports, sign_in):
    job = exports.make("finance", status="expired")
    client = sign_in("finance")
    address = f"{API}/{job.job_no}"
    known = client.get(address)["ETag"]
    with world.scope("admin"):
        services.delete_expired(actor=world.user("admin"))
    for tag in (known, "*"):
        assert client.get(address, HTTP_IF_NONE_MATCH=tag).status_code == 404
        assert client.get(f"{API}?page=0", HTTP_IF_NONE_MATCH=tag).status_code == 400
        assert Client().get(API, HTTP_IF_NONE_MATCH=tag).status_code == 401
    assert client.get(f"{API}/E%00", HTTP_IF_NONE_MATCH="*").status_code == 404


def test_a_running_export_of_a_real_worker(live, orders, sign_in):
    client = sign_in("finance")
    job = ask(live, "finance")
    seen = {}
    for address in (API, f"{API}/{job.job_no}", "/api/v1/events", "/api/v1/notifications"):
        seen[address] = client.get(address)["ETag"]
        assert client.get(address, HTTP_IF_NONE_MATCH=seen[address]).status_code == 304
    run(live, job)
    for address, known in seen.items():
        assert client.get(address, HTTP_IF_NONE_MATCH=known).status_code == 200


class TestEvents:
    def test_new_ones_old_ones_and_keys(self, world, sign_in, settings):
        client = sign_in("admin")
        known = client.get("/api/v1/events")["ETag"]
        with world.scope("admin"):
            publish("job.status", "E1", {"status": "x"}, sensitivity="amount")
        changed = client.get("/api/v1/events", HTTP_IF_NONE_MATCH=known)
        assert changed.status_code == 200
        with world.scope("admin"):
            Event.objects.all().delete()
        assert client.get("/api/v1/events", HTTP_IF_NONE_MATCH=changed["ETag"]).status_code == 200
        known = client.get("/api/v1/events")["ETag"]
        settings.EVENT_KEYS = {"other": "o"} | settings.EVENT_KEYS
        assert client.get("/api/v1/events", HTTP_IF_NONE_MATCH=known).status_code == 200


class TestNotifications:
    def test_new_read_and_older_ones(self, world, sign_in):
        client, addresses = sign_in("finance"), ["/api/v1/notifications", "/api/v1/notifications?before=1"]
        poller = Poller(client)

        def polled() -> list[bool]:
            return [poller.poll(address) for address in addresses]

        assert (polled(), polled()) == ([False, False], [True, True])
        with world.scope("finance"):
            user = world.user("finance")
            tell(user_id=user.pk, kind="export.ready", subject="E1", data={"type": "orders"})
            assert (polled(), polled()) == ([False, False], [True, True])  # one more is unread
            tell(user_id=world.users["admin"][1], kind="export.ready", subject="E2", data={"type": "orders"})
            assert polled() == [True, True]  # somebody else's
            inbox.mark_read(actor=user)
        assert (polled(), polled()) == ([False, False], [True, True])


class TestCatalogue:
    def test_rights_limits_and_language(self, world, sign_in, settings):
        client = sign_in("finance")
        poller = Poller(client)
        assert (poller.poll("/api/v1/datasets"), poller.poll("/api/v1/datasets")) == (False, True)
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=["operator"], actor=None)
        assert (poller.poll("/api/v1/datasets"), poller.poll("/api/v1/datasets")) == (False, True)
        with world.scope("finance"):
            Tenant.objects.update(max_queued_exports=77)
        assert (poller.poll("/api/v1/datasets"), poller.poll("/api/v1/datasets")) == (False, True)
        settings.QUEUED_PER_USER = 12
        assert (poller.poll("/api/v1/datasets"), poller.poll("/api/v1/datasets")) == (False, True)
