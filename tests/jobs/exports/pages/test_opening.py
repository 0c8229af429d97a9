"""Views that the page opens with: saved ones, built-in ones, and those of which something is gone."""

import pytest

from jobs.models import SavedView
from jobs.pages import saved_views
from jobs.pages.preferences import set_preference
from tests.jobs.exports.pages.test_page import numbers, page
from tests.jobs.exports.pages.test_query import problems

LARGEST = {"status": ["ready"], "ordering": ["-file_size"]}
ORDERED = {"ordering": ["-file_size"]}


@pytest.fixture
def save(world):
    """save("finance", {"status": ["failed"]}) → the key of a new view."""

    def _save(name: str, query: dict[str, list[str]], *, default: bool = False, **fields) -> str:
        with world.scope(name):
            user = world.user(name)
            view = saved_views.create_view(page="exports", name="我的视图", query=query, actor=user, **fields)
            if default:
                saved_views.make_default(str(view.pk), actor=user)
        return str(view.pk)

    return _save


@pytest.fixture
def three(world, exports):
    return {status: exports.make("finance", status=status).job_no for status in ("queued", "failed", "ready")}


def shown(found) -> tuple[str, str]:
    """(name of the view, whether it was changed)."""
    place = found.one("div", id="views").attrs
    return place["data-name"], place["data-changed"]


def test_a_view_by_its_address(three, save, sign_in):
    key = save("finance", {"status": ["failed"], "ordering": ["-file_size"]})
    found = page(sign_in("finance"), f"?view={key}")
    assert (numbers(found), shown(found)) == ([three["failed"]], ("我的视图", "0"))
    assert found.one("section", id="list").attrs["data-query"] == f"?status=failed&view={key}&ordering=-file_size"


def test_a_view_with_other_filters_says_that_it_was_changed(three, save, sign_in):
    key = save("finance", {"status": ["failed"]})
    found = page(sign_in("finance"), f"?view={key}&status=ready")
    assert (numbers(found), shown(found)) == ([three["ready"]], ("我的视图", "1"))


@pytest.mark.parametrize(
    ("saved", "rest", "address", "changed"),
    [
        (LARGEST, "", "?status=ready&view=VIEW&ordering=-file_size", "0"),
        (LARGEST, "&status=ready&ordering=-file_size", "?status=ready&view=VIEW&ordering=-file_size", "0"),
        (LARGEST, "&status=failed&ordering=-file_size", "?status=failed&view=VIEW&ordering=-file_size", "1"),
        (LARGEST, "&ordering=created_at", "?status=ready&view=VIEW&ordering=created_at", "1"),
        (LARGEST, "&ordering=-created_at", "?status=ready&view=VIEW&ordering=-created_at", "1"),
        (ORDERED, "", "?view=VIEW&ordering=-file_size", "0"),
        (ORDERED, "&ordering=-created_at", "?view=VIEW&ordering=-created_at", "1"),
    ],
)
def test_a_view_is_its_filters_and_its_order(world, save, sign_in, saved, rest, address, changed):
    key = save("finance", saved)
    client = sign_in("finance")
    found = page(client, f"?view={key}{rest}")
    written = found.one("section", id="list").attrs["data-query"]
    assert (written.replace(key, "VIEW"), shown(found)) == (address, ("我的视图", changed))
    assert shown(page(client, written)) == shown(found)  # the address that the page writes says the same


def test_the_default_view_opens_unless_everything_is_asked_for(three, save, sign_in):
    save("finance", {"status": ["failed"]}, default=True)
    client = sign_in("finance")
    assert numbers(page(client, "")) == [three["failed"]]
    assert len(numbers(page(client, "?view=all"))) == 3
    assert numbers(page(client, "?status=ready")) == [three["ready"]]


@pytest.mark.parametrize("default", [False, True])
@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ({"colour": ["red"]}, "colour：没有此筛选项。"),
        ({"status": ["archived"]}, "状态：选择一个有效的选项"),
        ({"type": ["payroll"]}, "类型：选择一个有效的选项"),
        ({"created_by": ["U999999"]}, "发起人：公司内没有此编号的人员。"),
        ({"ordering": ["colour"]}, "没有这种排序：colour。"),
        ({"period": ["400d"]}, "创建时间：无法识别“400d”。"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_gone_is_told_and_the_rest_applied(three, save, sign_in, gone, words, default):
    rest = {"source": ["/orders"]} if "status" in gone else {"status": ["failed"]}
    key = save("finance", gone | rest, default=default)
    found = page(sign_in("finance"), "" if default else f"?view={key}")
    (told,) = problems(found)
    assert told.startswith(words)
    assert shown(found)[0] == "我的视图"
    assert numbers(found) == ([three["failed"]] if "status" in rest else numbers(found))
    assert len(numbers(found)) == (1 if "status" in rest else 3)


def test_what_is_wrong_in_the_address_does_not_close_its_view(three, save, sign_in):
    key = save("finance", {"status": ["failed"]})
    found = page(sign_in("finance"), f"?view={key}&utm_source=mail&ordering=x")
    assert (numbers(found), shown(found)) == ([three["failed"]], ("我的视图", "0"))
    assert len(problems(found)) == 2


def test_a_view_that_is_deleted(world, three, save, sign_in):
    key = save("finance", {"status": ["failed"]}, default=True)
    with world.scope("finance"):
        SavedView.objects.all().delete()
    client = sign_in("finance")
    found = page(client, f"?view={key}")
    assert problems(found) == ["此视图已被删除，或未共享给您。"]
    assert (len(numbers(found)), shown(found)) == (3, ("", "0"))
    # as the default it was never asked for by name: the page opens as for everybody
    assert problems(page(client, "")) == []
    assert len(numbers(page(client, ""))) == 3


@pytest.mark.parametrize("owner", ["operator", "acme_admin"])
def test_a_view_of_somebody_else_looks_as_if_it_were_gone(three, save, sign_in, owner):
    shared = {"shared": "tenant"} if owner == "acme_admin" else {}
    key = save(owner, {"status": ["failed"]}, **shared)
    found = page(sign_in("finance"), f"?view={key}")
    assert problems(found) == ["此视图已被删除，或未共享给您。"]
    assert len(numbers(found)) == 3


def test_a_shared_view_shows_the_readers_exports_only(three, save, exports, sign_in):
    theirs = exports.make("operator", "members", "failed").job_no
    key = save("finance", {"status": ["failed"]}, shared="tenant")
    assert numbers(page(sign_in("operator"), f"?view={key}")) == [theirs]
    assert page(sign_in("operator"), f"?view={key}").one("div", id="views").attrs["data-may-change"] == "0"


@pytest.mark.parametrize("key", ["mine", "amount", "failed_today"])
def test_built_in_views_open_without_complaints(three, exports, sign_in, key):
    exports.make("operator", "orders", "failed")
    found = page(sign_in("finance"), f"?view={key}")
    assert problems(found) == []
    expected = {"mine": 3, "amount": 4, "failed_today": 2}[key]
    assert (len(numbers(found)), shown(found)[1]) == (expected, "0")


@pytest.mark.parametrize(
    "columns",
    [
        [{"key": "gone", "width": 90, "shown": True}],
        [{"key": "size", "width": 90, "shown": False}, {"key": "number", "width": 2000, "shown": False}],
    ],
)
def test_columns_that_are_gone_or_impossible_do_no_harm(world, three, sign_in, columns):
    with world.scope("finance"):
        set_preference(page="exports", value={"columns": columns}, merge=True, actor=world.user("finance"))
    found = page(sign_in("finance"))
    heads = [head.attrs["data-col"] for head in found.one("thead").all("th", data_col=True)]
    assert heads[0] == "number"
    assert sorted(heads) == sorted(
        ["number", "type", "status", "progress", "file", "size", "creator", "created", "finished", "source", "params"]
    )
    hidden = {head.attrs["data-col"] for head in found.one("thead").all("th", data_col=True) if "hidden" in head.attrs}
    assert hidden == {entry["key"] for entry in columns if entry["key"] == "size"}
    first = found.one("col", data_col="number")
    assert first.attrs["style"] == "width: 138px"
    for row in found.all("tr", data_job=True):
        assert [cell.attrs["data-col"] for cell in row.all("td", data_col=True)] == heads
