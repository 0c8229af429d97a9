"""Who we are, against the real server: API tokens and their scopes, sign-in, renewal by several processes, sign-out."""

import json
import subprocess

import httpx
import pytest

from exportcenter_client import Client, Forbidden, InvalidParameters, NotAuthenticated, errors
from exportcenter_client.credentials import Pair
from tests.clients.conftest import command_of
from tests.world import PASSWORD

pytestmark = pytest.mark.processes

SCOPES = ["exports:read", "exports:write", "exports:download", "events:read"]
FEW = {"params": {"status": ["completed"]}, "columns": ["order_no"]}


@pytest.fixture
def token_of(center):
    """token_of(scope, …) → the text of a new API token of finance's."""

    def make(*scopes):
        with center.client() as signed:
            return signed.tokens.create("test", scopes)["token"]

    return make


@pytest.fixture
def home(center, tmp_path):
    """Environment of somebody who has no credentials but what `login` keeps."""
    folder = tmp_path / "home"
    folder.mkdir()
    names = ("URL", "USERNAME", "PASSWORD", "TOKEN")
    return {f"EXPORTCENTER_{name}": "" for name in names} | {"HOME": str(folder)}


@pytest.fixture
def config(tmp_path):
    return tmp_path / "home" / ".config" / "exportcenter" / "config.json"


def login(center, home, tmp_path, *words, say=PASSWORD, url=""):
    words = ("login", "--url", url or center.web.address, "--stdin", *words)
    return center.command(*words, cwd=tmp_path, environment=home, input=f"{say}\n")


# --- API tokens ----------------------------------------------------------------------------------------------
def test_a_token_does_what_its_scopes_name(center, token_of, tmp_path):
    with Client(center.web.address, token=token_of(*SCOPES)) as client:
        ready = client.exports.wait(client.exports.create("orders", **FEW).job_id, timeout=60).must_be_ready()
        got = client.exports.download(ready.job_id, tmp_path)
        assert next(client.exports.list()).job_id == ready.job_id
        assert [line.text for line in client.exports.logs(ready.job_id)]
        assert "orders" in [item["key"] for item in client.datasets()["items"]]
        assert client.exports.estimate("orders")["rows"] > 0
        assert next(client.tasks.list())["id"] == ready.job_id
        with pytest.raises(Forbidden):
            next(client.tokens.list())
        with pytest.raises(Forbidden, match="definitions:read"):
            next(client.definitions.list())
        assert client.sign_out() is False  # a token is no sign-in
        assert client.exports.get(ready.job_id).sha256 == got.sha256
        assert client.signed_in_with is None


def test_without_the_scope_of_live_events_the_export_is_asked_for(center, proxy, token_of):
    with Client(proxy.address, token=token_of("exports:read", "exports:write")) as client:
        assert client.exports.wait(client.exports.create("orders", **FEW).job_id, timeout=60).status == "ready"
    assert [one.status for one in proxy.seen if one.line.startswith("GET /api/v1/events")] in ([403], [])


def test_a_missing_scope_is_exit_code_3_and_named(center, token_of, tmp_path):
    environment = {"EXPORTCENTER_TOKEN": token_of("exports:read")}
    ready = center.exports.make("finance", status="ready").job_no

    def refused(*words):
        done = center.command(*words, cwd=tmp_path, environment=environment)
        return done.returncode, done.stderr

    assert center.command("exports", "show", ready, cwd=tmp_path, environment=environment).returncode == 0
    for words, scope in (
        (("exports", "create", "orders"), "exports:write"),
        (("exports", "retry", ready), "exports:write"),
        (("definitions",), "definitions:read"),
        (("webhooks", "list"), "webhooks:read"),
        (("tasks", "cancel", ready), "exports:write"),
    ):
        code, said = refused(*words)
        assert (code, scope in said) == (3, True), said
        assert f"More: {center.web.address}/docs/errors#FORBIDDEN" in said
    code, said = refused("exports", "download", ready)
    assert (code, "exports:download" in said) == (3, True), said
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_made_listed_and_revoked(center):
    with center.client() as signed:
        made = signed.tokens.create("to be revoked", ["exports:read"], expires_in_days=3)
        with Client(center.web.address, token=made["token"]) as client:
            next(client.exports.list(), None)
            signed.tokens.revoke(made["id"])
            with pytest.raises(NotAuthenticated):
                next(client.exports.list(), None)
        listed = {one["id"]: one for one in signed.tokens.list(page_size=2)}
        assert listed[made["id"]]["state"] == "revoked"
        assert made["token"] not in str(listed)
        with pytest.raises(InvalidParameters):
            signed.tokens.create("x", ["everything"])


def test_every_refusal_names_the_page_that_explains_it(center):
    with center.client() as signed:
        with pytest.raises(InvalidParameters) as refusal:
            signed.exports.create("orders", params={"colour": "red"})
        assert refusal.value.docs == f"{center.web.address}/docs/errors#INVALID_PARAMETERS"
        page = httpx.get(refusal.value.docs)
        assert page.status_code == 200
        assert 'id="INVALID_PARAMETERS"' in page.text
    known = httpx.get(f"{center.web.address}/api/v1/errors").json()
    assert {one["code"] for one in known["items"]} == set(errors.BY_CODE)


# --- login and logout ------------------------------------------------------------------------------------------
def test_login_takes_a_token(center, home, config, token_of, tmp_path):
    token = token_of("webhooks:read")  # may not even list exports
    done = login(center, home, tmp_path, "--token", say=token)
    assert done.returncode == 0, done.stderr
    assert json.loads(config.read_text()) == {"url": f"{center.web.address}/api/v1", "token": token}
    assert center.command("webhooks", "list", cwd=tmp_path, environment=home).returncode == 0
    wrong = login(center, home, tmp_path, "--token", say=token[:-1] + "~")
    assert wrong.returncode == 3
    assert json.loads(config.read_text())["token"] == token


def test_login_makes_a_token_and_ends_the_sign_in_that_made_it(center, home, config, proxy, tmp_path):
    words = (
        "--username",
        "finance",
        "--make-token",
        "laptop",
        "--scopes",
        "exports:read, exports:write",
        "--days",
        "2",
    )
    done = login(center, home, tmp_path, *words, url=proxy.address)
    assert done.returncode == 0, done.stderr
    said = json.loads(config.read_text())
    assert set(said) == {"url", "token"}
    assert config.stat().st_mode & 0o777 == 0o600
    assert [one.status for one in proxy.seen if one.line == "POST /api/v1/auth/logout"] == [204]
    made = center.command("exports", "create", "orders", "--json", cwd=tmp_path, environment=home)
    assert made.returncode == 0, made.stderr
    assert center.command("datasets", cwd=tmp_path, environment=home).returncode == 0
    with center.client() as signed:
        token = next(one for one in signed.tokens.list() if one["name"] == "laptop")
        assert token["scopes"] == ["exports:read", "exports:write"]
        gone = center.command("logout", cwd=tmp_path, environment=home)
        assert (gone.returncode, config.exists()) == (0, False)
        assert "still works" in gone.stderr
        signed.tokens.revoke(token["id"])
    assert login(center, home, tmp_path, "--make-token", "x").returncode == 2


def test_logout_ends_the_sign_in_at_the_server(center, home, config, tmp_path):
    assert login(center, home, tmp_path, "--username", "finance").returncode == 0
    stolen = json.loads(config.read_text())
    assert ask(center, stolen["access"]) == 200
    done = center.command("logout", cwd=tmp_path, environment=home)
    assert (done.returncode, done.stdout, config.exists()) == (0, "Signed out.\n", False)
    assert ask(center, stolen["access"]) == 401
    renewed = httpx.post(f"{stolen['url']}/auth/token/refresh", json={"refresh": stolen["refresh"]})
    assert renewed.status_code == 401
    again = center.command("logout", cwd=tmp_path, environment=home)
    assert (again.returncode, again.stdout) == (0, "Nobody was signed in.\n")
    config.write_text(json.dumps(stolen))  # from a copy: it is over already, and that is no error
    config.chmod(0o600)
    assert center.command("logout", cwd=tmp_path, environment=home).returncode == 0
    assert not config.exists()


def test_without_the_server_the_sign_in_is_kept_for_another_try(center, home, config, tmp_path):
    assert login(center, home, tmp_path, "--username", "finance").returncode == 0
    said = json.loads(config.read_text())
    config.write_text(json.dumps(said | {"url": "http://127.0.0.1:1/api/v1"}))
    away = center.command("logout", cwd=tmp_path, environment=home)
    assert (away.returncode, config.exists()) == (6, True)
    assert center.command("logout", "--local", cwd=tmp_path, environment=home).returncode == 0
    assert not config.exists()
    assert ask(center, said["access"]) == 200


def test_a_client_signs_out_and_in_again(center):
    with center.client() as signed:
        next(signed.exports.list(), None)
        pair = signed.signed_in_with
        assert signed.sign_out() is True
        assert signed.signed_in_with is None
        assert ask(center, pair.access) == 401
        assert signed.sign_out() is False
        next(signed.exports.list(), None)
        assert signed.signed_in_with.access != pair.access


# --- renewal -----------------------------------------------------------------------------------------------------
def test_commands_side_by_side_renew_once_and_spend_no_token_twice(center, home, config, proxy, tmp_path):
    """Each refresh token is good once; a second use would end the sign-in."""
    assert login(center, home, tmp_path, "--username", "finance", url=proxy.address).returncode == 0
    said = json.loads(config.read_text())
    config.write_text(json.dumps(said | {"access": "ended"}))
    env = center.environment() | home
    words = command_of(("exports", "list", "--limit", "1"))
    several = [subprocess.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL) for _ in range(5)]
    assert [process.wait(60) for process in several] == [0] * 5
    assert [one.status for one in proxy.seen if one.line.endswith("/token/refresh")] == [200]
    now = json.loads(config.read_text())
    assert now["refresh"] != said["refresh"]
    assert ask(center, now["access"]) == 200


def test_a_client_that_renews_for_weeks_keeps_the_newest_pair(center):
    with center.client() as signed:
        seen = set()
        for _ in range(4):
            next(signed.exports.list(), None)
            seen.add(signed.signed_in_with.refresh)
            signed._session.credentials.pair = ended(signed)
            signed._session.credentials.store.save(signed._session.credentials.pair)
        next(signed.exports.list(), None)
    assert len(seen) == 4


def ended(client):
    return Pair("ended", client.signed_in_with.refresh)


def ask(center, access):
    """The status for that bearer."""
    headers = {"Authorization": f"Bearer {access}"}
    return httpx.get(f"{center.web.address}/api/v1/exports?page_size=1", headers=headers).status_code
