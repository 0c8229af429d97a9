"""Getting the file: whole, in parts, too early, too late, and every way in which it must not be had."""

import base64
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import Tenant, User
from accounts.services import set_active, set_permissions, set_roles
from jobs import storage
from jobs.engine import kinds, lifecycle
from jobs.exports import links
from jobs.models import DownloadHandle, ExportJob, FileRemoval
from tests.exports_helpers import (
    API,
    CONTENT,
    ENGLISH,
    Trail,
    body_of,
    in_scope_of,
    in_thread,
    link,
    path_of,
    post,
    reload,
    signed_in,
    twin,
)
from tests.processes import wait_for

SIZE = len(CONTENT)


@pytest.fixture
def ready(world, exports):
    """An amount file of finance."""
    return exports.make("finance", status="ready")


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def user(world):
    with world.scope("finance"):
        return world.user("finance")


class TestWholeFile:
    def test_bytes_and_headers(self, client, ready, user):
        response = client.get(link(ready, user))
        assert response.status_code == 200
        assert body_of(response) == CONTENT
        assert response["Content-Length"] == str(SIZE)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["ETag"] == f'"{ready.file_sha256}"'
        assert response["X-Content-SHA256"] == ready.file_sha256
        digest = base64.b64encode(bytes.fromhex(ready.file_sha256)).decode()
        assert response["Repr-Digest"] == f"sha-256=:{digest}:"
        assert response["Accept-Ranges"] == "bytes"
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("options", "content_type"), [({}, "application/json"), ({"lines": True}, "application/x-ndjson")]
    )
    def test_the_type_follows_the_options(self, client, exports, user, options, content_type):
        job = exports.make("finance", status="ready", file_type="json", options=options)
        assert client.get(link(job, user))["Content-Type"] == content_type

    def test_an_empty_file(self, client, exports, user):
        job = exports.make("finance", status="ready", file_type="json", options={"lines": True}, content=b"")
        response = client.get(link(job, user))
        assert (response.status_code, response["Content-Length"], body_of(response)) == (200, "0", b"")
        assert client.get(link(job, user), headers={"Range": "bytes=0-"}).status_code == 416

    def test_name_in_utf8_and_a_plain_one_beside(self, client, ready, user):
        disposition = client.get(link(ready, user))["Content-Disposition"]
        name = quote(f"订单_{ready.job_no}.csv")
        assert disposition == f"attachment; filename=\"{ready.job_no}.csv\"; filename*=UTF-8''{name}"

    def test_head_has_the_headers_and_no_byte(self, world, client, ready, user):
        trail = Trail(world, "finance")
        response = client.head(link(ready, user))
        assert response.status_code == 200
        assert (response["Content-Length"], response["ETag"]) == (str(SIZE), f'"{ready.file_sha256}"')
        assert body_of(response) == b""
        assert trail.downloads() == []

    def test_the_address_of_the_detail_works(self, client, ready):
        url = client.get(f"{API}/{ready.job_no}").json()["download_url"]
        assert body_of(client.get(path_of(url))) == CONTENT

    def test_recorded_with_user_address_agent_and_bytes(self, world, client, ready, user):
        trail = Trail(world, "finance")
        body_of(client.get(link(ready, user), HTTP_USER_AGENT="curl/8.5", REMOTE_ADDR="203.0.113.7"))
        (entry,) = trail.downloads()
        assert (entry.result, entry.username, entry.user_id) == ("success", "finance", user.pk)
        assert (entry.ip_address, entry.user_agent) == ("203.0.113.7", "curl/8.5")
        assert entry.resource == f"export:{ready.job_no}"
        assert entry.policy_tag == "export.amount"
        assert entry.details == {
            "job_id": ready.job_no,
            "bytes": SIZE,
            "first": 0,
            "size": SIZE,
            "user_id": user.code,
            "file": ready.file_name,
            "type": "orders",
        }

    def test_a_file_that_vanished_from_the_store_is_gone(self, world, client, ready, user):
        trail = Trail(world, "finance")
        storage.delete(ready.file_key)
        assert client.get(link(ready, user)).status_code == 410
        assert [entry.result for entry in trail.downloads()] == []


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "first", "last"),
        [
            ("bytes=0-0", 0, 0),
            ("bytes=0-99", 0, 99),
            ("bytes=500-1499", 500, 1499),
            ("bytes=100-", 100, SIZE - 1),
            ("bytes=-100", SIZE - 100, SIZE - 1),
            (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
            (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
            (f"bytes=10-{SIZE * 2}", 10, SIZE - 1),
            (f"bytes=0-{SIZE - 1}", 0, SIZE - 1),
        ],
    )
    def test_a_part(self, world, client, ready, user, asked, first, last):
        trail = Trail(world, "finance")
        response = client.get(link(ready, user), HTTP_RANGE=asked)
        assert response.status_code == 206
        assert body_of(response) == CONTENT[first : last + 1]
        assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
        assert response["Content-Length"] == str(last - first + 1)
        assert [entry.details["bytes"] for entry in trail.downloads()] == [last - first + 1]

    @pytest.mark.parametrize(
        "asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0", "bytes=9" + "9" * 17 + "-"]
    )
    def test_beyond_the_end(self, world, client, ready, user, asked):
        trail = Trail(world, "finance")
        response = client.get(link(ready, user), HTTP_RANGE=asked, **ENGLISH)
        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{SIZE}"
        assert response.json()["code"] == "RANGE_NOT_SATISFIABLE"
        assert trail.downloads() == []

    @pytest.mark.parametrize(
        "asked",
        [
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "lines=0-5",
            "bytes=0-1,5-6",
            "bytes=٣-٥",
            "bytes=0-" + "9" * 40,
        ],
    )
    def test_malformed_or_several_give_the_whole(self, client, ready, user, asked):
        response = client.get(link(ready, user), HTTP_RANGE=asked)
        assert response.status_code == 200
        assert body_of(response) == CONTENT

    def test_if_range_of_this_file(self, client, ready, user):
        etag = f'"{ready.file_sha256}"'
        response = client.get(link(ready, user), HTTP_RANGE="bytes=5-9", HTTP_IF_RANGE=etag)
        assert (response.status_code, body_of(response)) == (206, CONTENT[5:10])

    @pytest.mark.parametrize("other", ['"0000"', 'W/"{sha}"', "{sha}", "Wed, 21 Oct 2026 07:28:00 GMT"])
    def test_if_range_of_another_file_gives_the_whole(self, client, ready, user, other):
        etag = other.replace("{sha}", ready.file_sha256)
        response = client.get(link(ready, user), HTTP_RANGE="bytes=5-9", HTTP_IF_RANGE=etag)
        assert (response.status_code, body_of(response)) == (200, CONTENT)

    def test_a_resumed_download_equals_the_file(self, world, client, ready, user):
        trail = Trail(world, "finance")
        begun = body_of(client.get(link(ready, user), HTTP_RANGE="bytes=0-4095"))
        rest = client.get(link(ready, user), HTTP_RANGE="bytes=4096-", HTTP_IF_RANGE=f'"{ready.file_sha256}"')
        assert begun + body_of(rest) == CONTENT
        assert [(entry.details["first"], entry.details["bytes"]) for entry in trail.downloads()] == [
            (0, 4096),
            (4096, SIZE - 4096),
        ]


class TestTooEarlyAndTooLate:
    @pytest.mark.parametrize("status", ["queued", "processing"])
    def test_a_link_made_before_the_file_is_there_answers_202(self, world, client, exports, status):
        job = exports.make("finance", status=status)
        made = post(client, f"{API}/{job.job_no}/links")
        assert made.status_code == 201
        assert list(made.json()) == ["download_url", "expires_at", "max_uses"]
        response = client.get(path_of(made.json()["download_url"]), **ENGLISH)
        assert response.status_code == 202
        assert response["Retry-After"] == "5"
        assert response.json()["status"] == status
        assert response.json()["message"] == "The file has not landed yet. Try again in 5 seconds."

    def test_the_same_link_works_once_the_file_has_landed(self, client, exports):
        job = exports.make("finance")
        url = path_of(post(client, f"{API}/{job.job_no}/links", {"max_uses": 1}).json()["download_url"])
        assert client.get(url).status_code == 202
        with in_scope_of(job):
            exports.move(job, "ready", expires_at=timezone.now() + timedelta(hours=1))
        assert body_of(client.get(url)) == CONTENT
        assert client.get(url).status_code == 403  # waiting did not use it up, downloading did

    @pytest.mark.parametrize("status", ["failed", "canceled"])
    def test_a_job_that_ended_without_a_file(self, world, client, exports, user, status):
        job = exports.make("finance", status=status)
        response = client.get(link(job, user), **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (409, "STATE_CONFLICT")

    def test_expired_by_time_before_the_sweep(self, client, exports, user):
        job = exports.make("finance", status="ready", expires_at=timezone.now() - timedelta(seconds=1))
        now, ids = time.time(), (str(user.pk), str(user.tenant_id))
        payload = links.Payload(str(job.pk), job.fence, *ids, user.authz_epoch, issued=now, expires=now + 60)
        response = client.get(f"{API}/{job.job_no}/download?token={links.sign(payload)}", **ENGLISH)
        assert (response.status_code, response.json()["code"]) == (410, "EXPIRED")
        assert response.json()["advice"] == "Generate it again with the same conditions."
        assert storage.store().exists(job.file_key)

    def test_a_link_never_outlives_the_file(self, exports, user):
        ends = timezone.now() + timedelta(seconds=30)
        job = exports.make("finance", status="ready", expires_at=ends)
        with in_scope_of(job):
            assert links.read(links.link_for(job, user)).expires == ends.timestamp()

    def test_expired_and_swept(self, client, ready, user):
        url = link(ready, user)
        with in_scope_of(ready):
            locked = ExportJob.objects.select_for_update().get(pk=ready.pk)
            lifecycle.expire(kinds.get("export"), locked)
        assert reload(ready).status == "expired"
        assert client.get(url).status_code == 410
        assert storage.store().exists(ready.file_key)  # links of a moment ago may still be at work
        assert storage.remove_due() == 0
        with in_scope_of(ready):
            FileRemoval.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert storage.remove_due() == 1
        assert not storage.store().exists(ready.file_key)
        assert client.get(url).status_code == 410
        with in_scope_of(ready):
            assert FileRemoval.objects.get(key=ready.file_key).deleted_at is not None
        assert storage.remove_due() == 0


class TestRefusals:
    """Every one: no byte, one entry in the trail that says why, and an answer that does not."""

    @pytest.fixture
    def refused(self, world):
        trails = {name: Trail(world, name) for name in ("finance", "acme_admin")}

        def check(client, url, why, who="finance"):
            response = client.get(url, **ENGLISH)
            assert response.status_code == 403, response.status_code
            assert not response.streaming
            assert CONTENT[:20] not in response.content
            (entry,) = trails[who].downloads()
            assert (entry.result, entry.details["why"]) == ("refused", why)
            return response

        return check

    @pytest.mark.parametrize(
        ("token", "why"),
        [
            ("", "malformed"),
            ("x", "malformed"),
            ("v1.local.e30", "malformed"),
            ("v2.local.e30.AAAA", "malformed"),
            ("v1.local.e30.AAAA", "signature"),
            ("v1.other.e30.AAAA", "signature"),
            ("v1.local..", "signature"),
            ("v1.local.é.ü", "malformed"),
            ("v1.local.%00.%00", "signature"),
            ("v1." + "a" * 2000 + ".b.c", "malformed"),
        ],
    )
    def test_not_a_token(self, client, ready, refused, token, why):
        response = refused(client, f"{API}/{ready.job_no}/download?token={token}", why)
        assert response.json()["code"] == "LINK_INVALID"

    def test_no_token(self, client, ready, refused):
        refused(client, f"{API}/{ready.job_no}/download", "malformed")

    def test_every_single_character_counts(self, ready, user):
        token = link(ready, user).partition("token=")[2]
        for position, character in enumerate(token):
            other = "A" if character != "A" else "B"
            with pytest.raises(links.LinkRefused):
                links.read(token[:position] + other + token[position + 1 :])
            with pytest.raises(links.LinkRefused):
                links.read(token[:position])

    def test_two_thousand_mutations(self, client, ready, user):
        token = link(ready, user).partition("token=")[2]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="
        draw = random.Random(20261122)
        accepted = 0
        for _number in range(2000):
            letters = list(token)
            for _times in range(draw.randint(1, 4)):
                place = draw.randrange(len(letters))
                letters[place : place + draw.choice([0, 1, 1, 1, 2])] = draw.choices(
                    alphabet, k=draw.choice([0, 1, 1, 2])
                )
            mutant = "".join(letters)
            if mutant == token:
                continue
            try:
                links.read(mutant)
                accepted += 1
            except links.LinkRefused:
                pass
        assert accepted == 0

    def test_a_tampered_token_over_http(self, client, ready, user, refused):
        url = link(ready, user)
        refused(client, url[:-1] + ("A" if url[-1] != "A" else "B"), "signature")

    def test_signed_with_a_key_that_is_no_longer_in_use(self, client, ready, user, refused):
        with override_settings(DOWNLOAD_KEYS={"old": "old secret"}):
            url = link(ready, user)
        refused(client, url, "signature")

    def test_rotation_keeps_links_alive(self, client, ready, user, settings):
        url = link(ready, user)
        settings.DOWNLOAD_KEYS = {"new": "new secret"} | settings.DOWNLOAD_KEYS
        assert body_of(client.get(url)) == CONTENT
        assert ".new." not in url
        assert ".new." in link(ready, user)

    def test_over(self, client, ready, user, refused):
        refused(client, link(ready, user, expires=time.time() - 1), "expired")

    def test_of_another_attempt(self, client, ready, user, refused):
        refused(client, link(ready, user, fence=ready.fence + 1), "other attempt")

    def test_under_another_number(self, client, exports, ready, user, refused):
        other = exports.make("finance", status="ready")
        refused(client, link(ready, user).replace(ready.job_no, other.job_no), "other job in the address")

    def test_in_another_colleagues_hands(self, sign_in, ready, user, refused):
        refused(sign_in("admin"), link(ready, user), "foreign")

    def test_in_another_companys_hands(self, sign_in, ready, user, refused):
        refused(sign_in("acme_admin"), link(ready, user), "foreign", who="acme_admin")

    def test_forged_for_another_company_with_the_right_key(self, world, sign_in, ready, refused):
        with world.scope("acme_admin"):
            stranger = world.user("acme_admin")
        changes = {"user": str(stranger.pk), "tenant": str(stranger.tenant_id), "epoch": stranger.authz_epoch}
        with world.scope("finance"):
            url = link(ready, world.user("finance"), **changes)
        refused(sign_in("acme_admin"), url, "job gone", who="acme_admin")

    def test_for_a_job_one_cannot_see(self, world, client, exports, refused):
        hidden = exports.make("operator", "members", "ready")
        with world.scope("finance"):
            refused(client, link(hidden, world.user("finance")), "not visible")

    def test_for_a_class_one_may_not_have(self, world, sign_in, exports):
        job = exports.make("operator", "orders", "ready")
        with world.scope("operator"):
            url = link(job, world.user("operator"))
        trail = Trail(world, "operator")
        response = sign_in("operator").get(url, **ENGLISH)
        assert response.status_code == 403
        assert response.json()["message"] == (
            "Amount files can be downloaded by finance and admin only. Ask an admin for the right."
        )
        assert [(entry.result, entry.details["why"]) for entry in trail.downloads()] == [("refused", "no right")]

    def test_after_a_change_of_roles(self, world, client, ready, user, refused):
        url = link(ready, user)
        with world.scope("finance"):
            set_roles(user=world.user("finance"), roles=["finance", "risk"], actor=world.user("admin"))
        refused(client, url, "rights changed")

    def test_after_the_role_lost_a_permission(self, world, client, ready, user, refused):
        url = link(ready, user)
        with world.scope("finance"):
            role = world.user("finance").roles.get()
            codes = set(role.permissions.values_list("code", flat=True)) - {"export.orders.download"}
            set_permissions(role=role, codes=codes, actor=world.user("admin"))
        refused(client, url, "rights changed")
        with world.scope("finance"):
            fresh = link(ready, world.user("finance"))
        response = client.get(fresh, **ENGLISH)
        assert response.status_code == 403
        assert "You may not download “Orders”" in response.json()["message"]

    def test_after_the_person_was_switched_off(self, world, client, ready, user):
        url = link(ready, user)
        with world.scope("finance"):
            set_active(users=[world.user("finance")], active=False, actor=world.user("admin"))
        assert client.get(url).status_code == 401

    def test_after_the_company_was_switched_off(self, world, sign_in, exports):
        job = exports.make("acme_admin", "members", "ready")
        client = sign_in("acme_admin")
        with world.scope("acme"):
            url = link(job, world.user("acme_admin"))
            Tenant.objects.update(is_active=False)
        assert client.get(url).status_code == 401

    def test_without_signing_in(self, ready, user):
        from django.test import Client

        assert Client().get(link(ready, user)).status_code == 401

    def test_a_link_for_two_uses_serves_two(self, world, client, ready, refused):
        made = post(client, f"{API}/{ready.job_no}/links", {"max_uses": 2}).json()
        assert made["max_uses"] == 2
        url = path_of(made["download_url"])
        trail = Trail(world, "finance")
        assert body_of(client.get(url)) == CONTENT
        assert client.head(url).status_code == 200
        assert body_of(client.get(url, HTTP_RANGE="bytes=0-9")) == CONTENT[:10]
        assert client.get(url).status_code == 403
        results = [(entry.result, entry.details.get("why")) for entry in trail.downloads()]
        assert results == [("success", None), ("success", None), ("refused", "handle used up or revoked")]
        with in_scope_of(ready):
            assert DownloadHandle.objects.get().uses == 2

    def test_a_link_that_was_taken_back(self, client, ready, refused):
        url = path_of(post(client, f"{API}/{ready.job_no}/links").json()["download_url"])
        with in_scope_of(ready):
            assert DownloadHandle.objects.update(revoked_at=timezone.now()) == 1
        refused(client, url, "handle used up or revoked")

    def test_a_link_whose_row_is_gone(self, client, ready, refused):
        url = path_of(post(client, f"{API}/{ready.job_no}/links").json()["download_url"])
        with in_scope_of(ready):
            DownloadHandle.objects.all().delete()
        refused(client, url, "handle used up or revoked")


class TestRevoking:
    def test_every_link_of_before_is_dead_and_new_ones_live(self, live, exports, sign_in):
        job = exports.make("finance", status="ready")
        client = sign_in("finance")
        plain = path_of(client.get(f"{API}/{job.job_no}").json()["download_url"])
        written = path_of(post(client, f"{API}/{job.job_no}/links").json()["download_url"])
        assert body_of(client.get(plain)) == body_of(client.get(written)) == CONTENT
        trail = Trail(live, "finance")
        answer = client.delete(f"{API}/{job.job_no}/links")
        assert (answer.status_code, answer.json()) == (200, {"revoked": 1})
        assert [client.get(url).status_code for url in (plain, written)] == [403, 403]
        assert [entry.details["why"] for entry in trail.downloads()] == ["revoked", "revoked"]
        fresh = path_of(client.get(f"{API}/{job.job_no}").json()["download_url"])
        assert body_of(client.get(fresh)) == CONTENT

    def test_a_link_made_while_the_job_waited_dies_too(self, live, exports, sign_in):
        job = exports.make("finance")
        client = sign_in("finance")
        url = path_of(post(client, f"{API}/{job.job_no}/links").json()["download_url"])
        client.delete(f"{API}/{job.job_no}/links")
        assert client.get(url).status_code == 403

    def test_a_link_made_while_revoking_waited_for_the_job_is_dead(self, live, exports, sign_in, superuser):
        job = exports.make("finance", status="ready")
        client = sign_in("finance")
        with ThreadPoolExecutor(1) as pool:
            with superuser.transaction():
                superuser.execute("SELECT 1 FROM jobs_exportjob WHERE id = %s FOR UPDATE", [job.pk])
                revoking = pool.submit(in_thread, twin(client).delete, f"{API}/{job.job_no}/links")
                wait_for(lambda: self._waits(superuser), 5, "nobody waits for the job")
                url = path_of(client.get(f"{API}/{job.job_no}").json()["download_url"])
            assert revoking.result().status_code == 200
        assert client.get(url).status_code == 403

    @staticmethod
    def _waits(superuser) -> bool:
        return superuser.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)").fetchone()[0]


def test_no_audit_no_byte(live, exports, owner):
    """The entry is part of the request: when it cannot be written, nothing is sent, nothing is counted."""
    job = exports.make("finance", status="ready")
    client = signed_in(live, "finance")
    url = path_of(post(client, f"{API}/{job.job_no}/links", {"max_uses": 5}).json()["download_url"])
    owner.execute("REVOKE INSERT ON accounts_auditentry FROM exportcenter_app")
    try:
        response = client.get(url)
        assert response.status_code == 500
        assert not response.streaming
        assert CONTENT[:20] not in response.content
        with in_scope_of(job):
            assert DownloadHandle.objects.get().uses == 0
    finally:
        owner.execute("GRANT INSERT ON accounts_auditentry TO exportcenter_app")
    assert body_of(client.get(url)) == CONTENT


def test_a_session_of_another_epoch_is_no_obstacle(world, exports, sign_in, user):
    """A person whose rights changed takes a fresh link from the page and goes on."""
    job = exports.make("finance", status="ready")
    client = sign_in("finance")
    with world.scope("finance"):
        set_roles(user=world.user("finance"), roles=["finance", "operator"], actor=world.user("admin"))
        assert User.objects.get(pk=user.pk).authz_epoch > user.authz_epoch
    url = path_of(client.get(f"{API}/{job.job_no}").json()["download_url"])
    assert body_of(client.get(url)) == CONTENT
