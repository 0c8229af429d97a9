"""Download links opened in a browser: a page with the right status, and JSON for everybody else."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.exports import links
from tests.exports_helpers import ENGLISH, body_of, link, path_of, post

BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def user(world):
    with world.scope("finance"):
        return world.user("finance")


def detail_of(job) -> str:
    return reverse("exports-page-detail", args=[job.job_no])


def page_at(client, address: str, status: int) -> str:
    """The page at ``address``: of the product, with the number to quote, not to be kept by anybody."""
    response = client.get(address, **BROWSER)
    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("private, no-store", "no-referrer")
    assert "Accept" in response["Vary"]
    page: str = response.content.decode()
    assert "导出中心" in page
    assert response["X-Request-ID"] in page
    return page


class TestRefusals:
    def test_a_link_that_is_over(self, client, exports, user):
        job = exports.make("finance", status="ready")
        page = page_at(client, link(job, user, expires=1.0), 403)
        assert "此下载链接已失效" in page
        assert f'href="{detail_of(job)}"' in page

    def test_a_link_that_was_revoked(self, client, exports, user, world):
        job = exports.make("finance", status="ready")
        address = link(job, user)
        with world.scope("finance"):
            links.revoke_links(job.job_no, actor=user)
        assert "此下载链接已失效" in page_at(client, address, 403)

    def test_a_link_that_is_used_up(self, client, exports, user):
        job = exports.make("finance", status="ready")
        address = path_of(post(client, f"/api/v1/exports/{job.job_no}/links", {"max_uses": 1}).json()["download_url"])
        assert body_of(client.get(address, **BROWSER))
        assert f'href="{detail_of(job)}"' in page_at(client, address, 403)

    def test_a_file_that_has_not_landed(self, client, exports, user):
        job = exports.make("finance", status="processing")
        address = link(job, user)
        page = page_at(client, address, 202)
        assert "文件尚未就绪" in page
        assert f'href="{address}"' in page
        assert f'href="{detail_of(job)}"' in page
        assert client.get(address, **BROWSER)["Retry-After"] == "5"

    def test_a_file_that_has_expired(self, client, exports, user):
        job = exports.make("finance", status="ready", expires_at=timezone.now() + timedelta(hours=1))
        address = link(job, user)
        with_expired = exports.make("finance", status="expired")
        page = page_at(client, link(with_expired, user), 410)
        assert "文件已过期" in page
        assert f'href="{detail_of(with_expired)}"' in page
        assert client.get(address, **BROWSER).status_code == 200

    def test_an_export_without_a_file(self, client, exports, user):
        job = exports.make("finance", status="failed")
        assert "此导出没有文件" in page_at(client, link(job, user), 409)

    def test_a_part_that_does_not_exist(self, client, exports, user):
        job = exports.make("finance", status="ready")
        assert "没有此文件" in page_at(client, f"{link(job, user)}&part=7", 404)

    def test_nobody_is_signed_in(self, client, exports, user):
        job = exports.make("finance", status="ready")
        client.logout()
        page = page_at(client, link(job, user), 401)
        assert f'href="/accounts/login/?next=%2Fapi%2Fv1%2Fexports%2F{job.job_no}%2Fdownload%3Ftoken%3D' in page
        assert detail_of(job) not in page

    def test_the_export_of_somebody_else_has_no_button(self, sign_in, exports, user):
        job = exports.make("finance", status="ready")
        page = page_at(sign_in("operator"), link(job, user), 403)
        assert detail_of(job) not in page
        assert 'href="/"' in page

    def test_people_without_the_admin_have_no_button(self, sign_in, exports, world):
        job = exports.make("acme_user", status="ready")
        with world.scope("acme_user"):
            person = world.user("acme_user")
        assert detail_of(job) not in page_at(sign_in("acme_user"), link(job, person, expires=1.0), 403)


class TestWhoGetsAPage:
    @pytest.mark.parametrize(
        "accept", ["", "*/*", "application/json", "text/csv, */*", "application/json, text/html;q=0.9"]
    )
    def test_programs_get_json(self, client, exports, user, accept):
        job = exports.make("finance", status="expired")
        response = client.get(link(job, user), **({"HTTP_ACCEPT": accept} if accept else {}))
        assert (response.status_code, response.json()["code"]) == (410, "EXPIRED")

    def test_a_browser_gets_the_file_itself(self, client, exports, user):
        job = exports.make("finance", status="ready")
        response = client.get(link(job, user), **BROWSER)
        assert response["Content-Disposition"].startswith("attachment")
        assert body_of(response)

    def test_it_speaks_the_persons_language_whatever_the_browsers(self, client, exports, user):
        job = exports.make("finance", status="expired")
        page = client.get(link(job, user), **BROWSER, **ENGLISH).content.decode()
        assert 'lang="zh-hans"' in page
        assert "可用相同条件重新生成" in page

    def test_it_speaks_english_too(self, client, exports, user, world):
        job = exports.make("finance", status="expired")
        with world.scope("finance"):
            type(user).objects.filter(pk=user.pk).update(language="en")
        page = client.get(link(job, user), **BROWSER).content.decode()
        assert "The file has expired" in page
        assert "Generate it again with the same conditions." in page

    @pytest.mark.parametrize("job_no", ["E1%00", "x" * 200, "%3Cscript%3E", "E20251003001"])
    def test_crooked_addresses(self, client, job_no):
        response = client.get(f"/api/v1/exports/{job_no}/download?token=x", **BROWSER)
        assert response.status_code == 403
        assert "<script>" not in response.content.decode()
