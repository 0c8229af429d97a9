"""The frame of every page: one set of tokens, pages for every refusal and fault, no connection, no database."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import translation

from exportcenter import offline
from tests.exports_helpers import free_port

ROOT = Path(__file__).resolve().parent.parent
CSS = ROOT / "static" / "css"
SILENT = """
import asyncio, json, sys
import django
django.setup()
from django.test import AsyncClient, Client

async def asked(path, **headers):
    return await AsyncClient(raise_request_exception=False).get(path, headers=headers)

def told(response):
    keys = ("Retry-After", "Content-Type", "X-Request-ID", "Content-Security-Policy")
    return {"status": response.status_code, "text": response.content.decode(), "cookies": sorted(response.cookies),
            **{key: response.get(key, "") for key in keys}}

client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "a" * 32
english = {"Accept-Language": "en"}
print(json.dumps({
    "page": told(client.get("/accounts/login/?next=/x")),
    "english": told(client.get("/accounts/me/", headers=english)),
    "post": told(client.post("/accounts/login/", {"login": "x", "password": "y"})),
    "admin": told(client.get("/admin/")),
    "api": told(client.get("/api/v1/exports", headers=english)),
    "asgi": told(asyncio.run(asked("/accounts/login/"))),
    "healthz": told(client.get("/healthz")),
    "offline": told(client.get("/offline/")),
    "worker": told(client.get("/service-worker.js")),
}))
"""


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--ec-[\w-]+): ([^;]+);", block))


class TestTokens:
    def test_both_dark_lists_are_equal_and_name_what_the_light_one_names(self):
        light, dark, outside = re.findall(r"\{\s*(--ec-[^}]+)\}", (CSS / "tokens.css").read_text())
        assert tokens(dark) == tokens(outside)
        assert set(tokens(light)) - set(tokens(dark)) == {"--ec-radius", "--ec-mono"}
        assert set(tokens(dark)) <= set(tokens(light))

    def test_every_token_that_is_used_exists(self):
        known = set(tokens((CSS / "tokens.css").read_text()))
        for name in ("pages.css", "center.css", "jobs.css", "definitions.css"):
            used = set(re.findall(r"var\((--ec-[\w-]+)\)", (CSS / name).read_text()))
            assert used - known == set(), name

    def test_pages_outside_have_no_colour_of_their_own(self):
        assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(", (CSS / "pages.css").read_text()) == []

    @pytest.mark.parametrize("name", ["jobs.css", "definitions.css"])
    def test_pages_of_the_admin_have_none_either(self, name):
        assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(|--color-(?:red|orange|primary)", (CSS / name).read_text()) == []

    def test_both_kinds_of_page_load_them_before_their_own(self, sign_in):
        for page, own in ((Client().get("/accounts/login/"), "pages"), (sign_in("admin").get("/admin/"), "center")):
            text = page.content.decode()
            assert 0 < text.index("/static/css/tokens.css") < text.index(f"/static/css/{own}.css")


class TestErrorPages:
    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    @pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
    def test_each_says_what_happened_what_to_do_and_a_way_back(self, rf, world, status, language):
        from django.contrib.auth.models import AnonymousUser
        from django.template.loader import render_to_string

        request = rf.get("/x/")
        request.user = AnonymousUser()
        with translation.override(language):
            page = render_to_string(f"{status}.html", {"request_id": "req_1234"}, request=request)
        words = {"zh-hans": ("导出中心", "您可以"), "en": ("Export Center", "What you can do")}[language]
        assert all(word in page for word in words)
        assert f'lang="{language}"' in page
        assert f'<p class="code">{status}</p>' in page
        assert "req_1234" in page
        assert re.search(r'<a class="button[^>]*href="/', page)
        assert len(re.findall("<li>", page)) >= 1
        assert (re.search("[\u4e00-\u9fff]", page.split("<main")[1]) is not None) == (language == "zh-hans")

    def test_too_many_attempts(self, world):
        with override_settings(ACCOUNT_RATE_LIMITS={"login": "1/m/ip"}):
            client = Client(REMOTE_ADDR="127.0.0.99")
            answers = [client.post("/accounts/login/", {"login": "x", "password": "y"}) for _again in range(2)]
        assert answers[1].status_code == 429
        assert answers[1]["Retry-After"] == "60"
        assert answers[1]["X-Request-ID"] in answers[1].content.decode()

    def test_a_fault_that_is_not_the_databases_is_500(self, rf):
        from exportcenter import error_pages

        try:
            raise RuntimeError("x")
        except RuntimeError:
            answer = error_pages.server_error(rf.get("/x/"))
        assert (answer.status_code, "Retry-After" in answer) == (500, False)


@pytest.fixture(scope="module")
def answers():
    """What a server without its database says."""
    silent = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    environment = os.environ | {"DATABASE_URL": silent, "ALLOWED_HOSTS": "testserver", "LOG_LEVEL": "CRITICAL"}
    said = subprocess.check_output([sys.executable, "-c", SILENT], cwd=ROOT, env=environment, text=True, timeout=60)
    return json.loads(said.splitlines()[-1])


class TestSilentDatabase:
    @pytest.mark.parametrize("name", ["page", "english", "post", "admin", "asgi"])
    def test_pages_say_so(self, answers, name):
        answer = answers[name]
        assert (answer["status"], answer["Retry-After"]) == (503, "5")
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        heading = "Export Center is not available right now" if name == "english" else "导出中心暂时不可用"
        assert f"<h1>{heading}</h1>" in answer["text"]
        assert answer["X-Request-ID"] in answer["text"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert answer["cookies"] == []  # the session is still there when the database is back

    def test_what_was_asked_can_be_asked_again_but_nothing_is_sent_twice(self, answers):
        assert 'href="/accounts/login/?next=/x"' in answers["page"]["text"]
        assert "/accounts/login/" not in answers["post"]["text"]

    def test_the_api_says_so_in_its_own_shape(self, answers):
        answer = answers["api"]
        body = json.loads(answer["text"])
        assert (answer["status"], answer["Retry-After"], body["code"]) == (503, "5", "UNAVAILABLE")
        assert body["advice"] == "Try again in a minute."
        assert body["request_id"] == answer["X-Request-ID"]

    @pytest.mark.parametrize("name", ["healthz", "offline", "worker"])
    def test_what_needs_no_database_answers(self, answers, name):
        assert answers[name]["status"] == 200


class TestOffline:
    def test_the_page_is_the_same_for_everybody(self, sign_in):
        address = f"{reverse('offline')}?language=zh-hans"
        assert sign_in("admin").get(address).content == Client().get(address).content

    @pytest.mark.parametrize(
        ("asked", "spoken"), [("zh-hans", "zh-hans"), ("en", "en"), ("xx", "zh-hans"), ("", "zh-hans")]
    )
    def test_it_speaks_the_language_that_is_asked_for(self, world, asked, spoken):
        page = Client().get(reverse("offline"), {"language": asked}).content.decode()
        assert f'lang="{spoken}"' in page
        assert "<script" not in page

    def test_the_worker_may_answer_for_the_whole_site_and_load_nothing_else(self, world):
        response = Client().get("/service-worker.js")
        assert response["Content-Type"] == "text/javascript; charset=utf-8"
        assert response["Cache-Control"] == "no-cache"
        policy = set(response["Content-Security-Policy"].split("; "))
        assert policy == {"default-src 'none'", "connect-src 'self'"}
        facts = json.loads(response.content.decode().splitlines()[0].removeprefix("const FACTS = ").removesuffix(";"))
        assert facts["pages"] == {code: f"/offline/?language={code}" for code in ("zh-hans", "en")}
        assert facts["language"] == "zh-hans"
        assert facts["style"] == ["/static/css/tokens.css", "/static/css/pages.css", "/static/img/mark.svg"]

    def test_the_kept_files_are_all_that_the_page_asks_for(self, world):
        page = Client().get(reverse("offline")).content.decode()
        asked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
        assert asked == {f"/static/{name}" for name in offline.STYLE}
        assert all(finders.find(name) for name in offline.STYLE)

    def test_one_worker_for_all_languages(self, world):
        scripts = {
            Client().get("/service-worker.js", headers={"Accept-Language": code}).content for code in ("en", "zh-hans")
        }
        assert len(scripts) == 1
        assert b"skipWaiting" not in scripts.pop()  # a navigation in the moment of a takeover hangs in Chromium
