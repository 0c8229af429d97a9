"""Downloads on conditions (RFC 9110 §13) and with a wish about their digest (RFC 9530)."""

import pytest

from tests.exports_helpers import API, CONTENT, ENGLISH, Trail, body_of, link, path_of, post


@pytest.fixture
def ready(world, exports):
    return exports.make("finance", status="ready")


@pytest.fixture
def client(world, sign_in):
    return sign_in("finance")


@pytest.fixture
def url(world, ready):
    with world.scope("finance"):
        user = world.user("finance")
    return link(ready, user)


@pytest.fixture
def etag(ready):
    return f'"{ready.file_sha256}"'


def known(etag: str) -> list[str]:
    return [etag, f"W/{etag}", f'"x", {etag}', "*"]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("which", range(4))
def test_who_has_the_file_is_told_so_and_it_is_no_download(world, client, url, etag, method, which):
    trail = Trail(world, "finance")
    response = getattr(client, method)(url, HTTP_IF_NONE_MATCH=known(etag)[which], HTTP_RANGE="bytes=0-9")
    assert (response.status_code, body_of(response)) == (304, b"")
    assert response["ETag"] == etag
    assert "Content-Disposition" not in response
    assert trail.downloads() == []


@pytest.mark.parametrize("asked", ["", '"x"', "nonsense", 'W/"x"'])
def test_who_has_another_one_gets_it(client, url, asked):
    assert body_of(client.get(url, HTTP_IF_NONE_MATCH=asked)) == CONTENT


@pytest.mark.parametrize("wanted", ["own", "*", "several"])
@pytest.mark.parametrize("span", [None, "bytes=5-9"])
def test_if_match_of_this_file(client, url, etag, wanted, span):
    asked = {"own": etag, "*": "*", "several": f'"x", {etag}'}[wanted]
    response = client.get(url, HTTP_IF_MATCH=asked, **({"HTTP_RANGE": span} if span else {}))
    assert response.status_code == (206 if span else 200)
    assert body_of(response) == (CONTENT[5:10] if span else CONTENT)


@pytest.mark.parametrize("wanted", ['"x"', "weak", "nonsense", ""])
def test_if_match_of_another_file_is_refused_before_anything_is_counted(world, client, url, etag, wanted):
    trail = Trail(world, "finance")
    asked = f"W/{etag}" if wanted == "weak" else wanted
    response = client.get(url, HTTP_IF_MATCH=asked, HTTP_IF_NONE_MATCH=etag, **ENGLISH)
    assert (response.status_code, response.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert trail.downloads() == []


def test_a_condition_is_no_use_of_a_link_and_no_way_round_its_end(world, client, ready, etag):
    made = post(client, f"{API}/{ready.job_no}/links", {"max_uses": 1}).json()
    url = path_of(made["download_url"])
    for _number in range(3):
        assert client.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304
        assert client.get(url, HTTP_IF_MATCH='"x"').status_code == 412
        assert client.head(url).status_code == 200
    assert body_of(client.get(url)) == CONTENT
    trail = Trail(world, "finance")
    assert client.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 403
    assert [entry.result for entry in trail.downloads()] == ["refused"]


def test_rights_come_before_conditions(sign_in, url, etag):
    for asked in ({"HTTP_IF_NONE_MATCH": etag}, {"HTTP_IF_MATCH": '"x"'}):
        assert sign_in("operator").get(url, **asked).status_code == 403


def test_head_has_no_ranges(client, url):
    response = client.head(url, HTTP_RANGE="bytes=999999-")
    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))
    assert "Content-Range" not in response


@pytest.mark.parametrize(
    ("wish", "given"),
    [
        ("", True),
        ("sha-256=10", True),
        ("sha-512=9, sha-256=1", True),
        ("sha-512=3", True),
        ("SHA-256=0", False),
        ("sha-512=10, sha-256=0", False),
        ("sha-256", True),
        ("=0, ,", True),
    ],
)
def test_the_wish_for_a_digest(client, url, wish, given):
    response = client.get(url, HTTP_WANT_REPR_DIGEST=wish, HTTP_RANGE="bytes=0-0")
    assert ("Repr-Digest" in response) is given
    assert response["X-Content-SHA256"]


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=0-1, -1", "bytes=0-0,1-1,2-2"])
def test_several_ranges_give_the_whole(client, url, asked):
    response = client.get(url, HTTP_RANGE=asked)
    assert (response.status_code, body_of(response)) == (200, CONTENT)
