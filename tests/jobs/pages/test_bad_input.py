"""Any JSON at any door of the pages: always an answer in the one shape of errors, never a 5xx."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exports_helpers import ENGLISH, undone
from tests.jobs.pages.test_preferences import CHOSEN
from tests.jobs.pages.test_saved_views import NEW

fuzz = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
texts = st.text(max_size=70) | st.sampled_from(["exports", "mine", "roles", "tenant", "\0", "\ud800", "1e999"])
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def some_of(names) -> st.SearchStrategy:
    """Objects with some of these names, and perhaps another, each with anything in it."""
    return st.dictionaries(st.sampled_from(list(names)) | texts, anything, max_size=5)


DOORS = {
    "create": ("POST", "/api/v1/saved-views", some_of(NEW | {"shared": 1, "roles": 1})),
    "preferences": ("PUT", "/api/v1/me/preferences/exports", st.fixed_dictionaries({"value": some_of(CHOSEN)})),
    "wishes": ("PATCH", "/api/v1/me/preferences/notifications", st.fixed_dictionaries({"value": some_of(["bell"])})),
    "read": ("POST", "/api/v1/notifications/read", some_of(["ids", "all"])),
    "default": ("POST", "/api/v1/saved-views/mine/default", anything),
    "change": ("PATCH", "/api/v1/saved-views/amount", some_of(NEW)),
}


@fuzz
@given(data=st.data())
@pytest.mark.parametrize("door", DOORS)
def test_no_body_breaks_it(world, sign_in, door, data):
    method, path, bodies = DOORS[door]
    raw = json.dumps(data.draw(bodies))  # \ud800 stays an escape
    with undone():
        answer = sign_in("finance").generic(method, path, raw, content_type="application/json", **ENGLISH)
    assert answer.status_code in (200, 201, 400, 403), answer.content
    if answer.status_code >= 400:
        assert list(answer.json()) == ["code", "message", "advice", "details", "request_id", "docs"]


@fuzz
@given(key=st.text(min_size=1, max_size=40).filter(lambda text: "/" not in text))
def test_no_key_breaks_it(world, sign_in, key):
    client = sign_in("finance")
    quoted = "".join(f"%{byte:02X}" for byte in key.encode("utf-8", "surrogatepass"))
    for path in (f"/api/v1/saved-views/{quoted}", f"/api/v1/me/preferences/{quoted}"):
        assert client.get(path, **ENGLISH).status_code in (200, 301, 400, 404), path
