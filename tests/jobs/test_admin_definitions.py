"""Custom exports in the admin: the form without a script, its errors, versions, copies and runs."""

import re

import pytest

from jobs.exports import definitions
from jobs.models import DefinitionVersion, ExportDefinition, ExportJob
from tests.exports_helpers import signed_in

LIST = "/admin/jobs/exportdefinition/"
NEW = f"{LIST}new"
FIELDS = {
    "name": "月结",
    "description": "给财务",
    "column": ["order_no", "amount", "status"],
    "position-order_no": "2",
    "position-amount": "1",
    "label-amount": "应收",
    "order_key": ["amount", ""],
    "order_direction": ["desc", "asc"],
    "filter_column": ["amount", "status", "created_at", "note", ""],
    "filter_op": ["range", "in", "last_n_days", "empty", "equals"],
    "filter_value": ["1,000.50", "已付款，已发货", "7", "", ""],
    "filter_to": ["", "", "", "", ""],
    "file_type": "csv",
    "compression": "gzip",
    "raw": "on",
    "shared": "roles",
    "roles": ["finance"],
}
BODY = {
    "columns": [{"key": "amount", "label": "应收"}, {"key": "order_no"}, {"key": "status"}],
    "order": [{"key": "amount", "descending": True}],
    "filters": [
        {"column": "amount", "op": "range", "value": {"min": "1000.50"}},
        {"column": "status", "op": "in", "value": ["paid", "shipped"]},
        {"column": "created_at", "op": "last_n_days", "value": 7},
        {"column": "note", "op": "empty"},
    ],
    "file_type": "csv",
    "options": {"raw": True, "compression": "gzip"},
}


@pytest.fixture
def sign_in(world):
    return lambda name: signed_in(world, name)


def address(definition: ExportDefinition, step: str = "change/") -> str:
    return f"{LIST}{definition.pk}/{step}"


def made(world, who: str = "finance", /, **fields) -> ExportDefinition:
    values = {"dataset": "orders", "name": "月结", "body": BODY} | fields
    with world.scope(who):
        return definitions.create_definition(actor=world.user(who), **values)


def follow(client, path: str, **data):
    return client.post(path, data, follow=True)


def buttons(client, definition) -> set[str]:
    context = client.get(address(definition)).context
    return {button["path"].rstrip("/").rpartition("/")[2] for button in context["actions_detail"]}


def test_the_dataset_is_chosen_first_among_those_one_may_export(sign_in):
    page = sign_in("finance").get(NEW + "/", follow=True).content.decode()
    offered = re.findall(r'href="\?dataset=(\w+)"', page)
    assert {"members", "orders"} <= set(offered)
    assert offered == sorted(set(offered))
    assert "哪类数据" in page


def test_what_is_typed_becomes_a_definition(world, sign_in):
    response = follow(sign_in("finance"), f"{NEW}/?dataset=orders", **FIELDS)
    assert response.status_code == 200
    assert [str(message) for message in response.context["messages"]] == ["“月结”已保存。"]
    with world.scope("finance"):
        definition = ExportDefinition.objects.get()
        assert definitions.current_version(definition).body == BODY
        assert (definition.shared, definition.roles, definition.description) == ("roles", ["finance"], "给财务")
    page = response.content.decode()
    for words in ("应收 · 订单号 · 状态", "≥ 1,000.5", "已付款、已发货", "最近 7 天（含今天）", "为空", "金额 ↓"):
        assert words in page, words


def test_the_form_shows_what_was_saved_and_saving_it_again_changes_nothing(world, sign_in):
    definition = made(world)
    client = sign_in("finance")
    form = client.get(address(definition, "edit"), follow=True).context["draft"]
    assert form.body() == BODY
    posted = dict(FIELDS, expected_version="1", shared="private", roles=[], name="改名")
    response = follow(client, address(definition, "edit/"), **posted)
    assert response.redirect_chain[-1][0] == address(definition)
    with world.scope("finance"):
        definition.refresh_from_db()
        assert (definition.name, definition.version, definition.shared) == ("改名", 1, "private")


def test_a_changed_content_is_a_new_version_that_says_what_changed(world, sign_in):
    definition = made(world)
    posted = FIELDS | {
        "expected_version": "1",
        "shared": "tenant",
        "roles": [],
        "column": ["amount", "sku"],
        "label-amount": "",
        "filter_column": ["amount"],
        "filter_op": ["equals"],
        "filter_value": ["7"],
        "filter_to": [""],
        "comment": "少一些",
    }
    page = follow(sign_in("finance"), address(definition, "edit/"), **posted).content.decode()
    for words in (
        "新增列：SKU",
        "移除列：订单号",
        "列标题：应收 → 金额",
        "新增筛选：金额 = 7",
        "移除筛选：备注 为空",
        "少一些",
    ):
        assert words in page, words
    with world.scope("finance"):
        definition.refresh_from_db()
        assert (definition.version, definition.shared) == (2, "tenant")
        assert DefinitionVersion.objects.filter(definition=definition).count() == 2


@pytest.mark.parametrize(
    ("change", "where", "kept"),
    [
        ({"name": ""}, 'id="error-name"', "给财务"),
        ({"column": []}, "请至少选择一列", "1,000.50"),
        ({"position-amount": "first"}, "位置必须是数字", "first"),
        ({"label-amount": "=1+1"}, "公式", "=1+1"),
        ({"filter_value": ["plenty", "已付款", "7", "", ""]}, "输入一个数字", "plenty"),
        ({"filter_value": ["1", "已付款，乱写", "7", "", ""]}, "可用：", "已付款，乱写"),
        ({"filter_value": ["1", "已付款", "seven", "", ""]}, "1 到 3660", "seven"),
        ({"filter_op": ["contains", "in", "last_n_days", "empty", "equals"]}, "可用：", "1,000.50"),
        ({"filter_value": ["9", "已付款", "7", "", ""], "filter_to": ["8", "", "", "", ""]}, "上限", 'value="8"'),
        ({"order_key": ["amount", "amount"]}, "重复", "1,000.50"),
        ({"order_key": ["buyer_phone"]}, "不能用于筛选或排序", "1,000.50"),
        ({"file_type": "exe"}, "exe", "1,000.50"),
        ({"file_type": "xlsx"}, "xlsx", "1,000.50"),
        ({"shared": "roles", "roles": []}, "角色", "1,000.50"),
        ({"shared": ""}, "private, roles, tenant", "1,000.50"),
        ({"filter_column": ["x'; DROP TABLE y"]}, "没有这样的列", "1,000.50"),
        ({"name": "a\0"}, 'id="error-name"', "1,000.50"),
    ],
)
def test_a_mistake_is_told_where_it_was_made_and_nothing_is_lost(world, sign_in, change, where, kept):
    response = sign_in("finance").post(f"{NEW}/?dataset=orders", FIELDS | change)
    assert response.status_code == 200
    page = response.content.decode()
    marked = "".join(re.findall(r'<p class="def-error".*?</p>', page, re.DOTALL))
    assert where in marked
    assert kept in page.replace("&#x27;", "'")
    with world.scope("finance"):
        assert ExportDefinition.objects.count() == 0


def test_two_editors(world, sign_in):
    definition = made(world)
    with world.scope("finance"):
        definitions.update_definition(definition.pk, expected_version=1, body={}, actor=world.user("finance"))
    posted = dict(FIELDS, expected_version="1", name="mine")
    response = sign_in("finance").post(address(definition, "edit/"), posted)
    assert response.status_code == 200
    assert "已被他人修改" in response.content.decode()
    assert "1,000.50" in response.content.decode()
    with world.scope("finance"):
        definition.refresh_from_db()
        assert (definition.name, definition.version) == ("月结", 2)


def test_a_run_asks_first_and_links_to_the_job(world, sign_in):
    definition = made(world)
    client = sign_in("finance")
    page = client.get(address(definition, "run"), follow=True).content.decode()
    assert "立即导出“月结”" in page
    with world.scope("finance"):
        assert ExportJob.objects.count() == 0
    response = follow(client, address(definition, "run/"))
    with world.scope("finance"):
        job = ExportJob.objects.get()
    assert (job.type, job.definition_id, job.definition_version) == ("reports_custom", definition.pk, 1)
    (message,) = [str(message) for message in response.context["messages"]]
    assert f'href="/admin/jobs/exportjob/{job.pk}/change/"' in message
    assert job.job_no in message
    page = client.get(f"/admin/jobs/exportjob/{job.pk}/change/").content.decode()
    assert "自定义 · 订单" in page
    assert "自定义 · 订单" in client.get("/admin/jobs/exportjob/?type=reports_custom").content.decode()
    assert job.job_no not in client.get("/admin/jobs/exportjob/?type=orders").content.decode()


def test_buttons_are_those_that_would_work(world, sign_in):
    shared = made(world, "finance", shared="tenant")
    assert buttons(sign_in("finance"), shared) == {"run", "edit", "copy", "archive"}
    assert buttons(sign_in("admin"), shared) == {"run", "edit", "copy", "archive"}
    assert buttons(sign_in("operator"), shared) == {"run", "copy"}
    with world.scope("finance"):
        definitions.archive_definition(shared.pk, actor=world.user("finance"))
    assert buttons(sign_in("finance"), shared) == {"copy", "restore"}


def test_others_cannot_change_it_by_address(world, sign_in):
    shared, private = made(world, "finance", shared="tenant"), made(world, "finance", name="私有")
    client = sign_in("operator")
    for step in ("edit/", "archive/", "restore/"):
        assert client.post(address(shared, step), FIELDS).status_code == 302
        assert client.get(address(shared, step)).status_code == 302
    assert client.get(address(private))["Location"] == "/admin/"
    assert client.post(address(private, "run/"))["Location"] == "/admin/"
    assert "私有" not in client.get(LIST).content.decode()
    with world.scope("finance"):
        assert ExportJob.objects.count() == 0
        assert set(ExportDefinition.objects.values_list("version", "archived_at")) == {(1, None)}


def test_a_copy_is_ones_own(world, sign_in):
    shared = made(world, "finance", shared="tenant")
    client = sign_in("operator")
    response = client.get(address(shared, "copy"), follow=True)
    form = response.context["draft"]
    assert (form.texts["name"], form.texts["shared"], form.body()) == ("月结（副本）", "private", BODY)
    follow(client, response.redirect_chain[-1][0], **(FIELDS | {"name": "我的", "shared": "private"}))
    with world.scope("operator"):
        assert ExportDefinition.objects.get(name="我的").owner_id == world.users["operator"][1]


def test_archive_and_restore(world, sign_in):
    definition = made(world)
    client = sign_in("finance")
    assert "归档“月结”" in client.get(address(definition, "archive"), follow=True).content.decode()
    follow(client, address(definition, "archive/"))
    assert definition.name not in client.get(LIST).content.decode()
    assert definition.name in client.get(f"{LIST}?archived=yes").content.decode()
    follow(client, address(definition, "restore/"))
    assert definition.name in client.get(LIST).content.decode()


def test_lists_of_mine_and_of_others(world, sign_in):
    made(world, "finance", name="财务的", shared="tenant")
    made(world, "risk", name="风控的", shared="tenant")
    client = sign_in("finance")

    def shown(query):
        names = {row.name for row in client.get(f"{LIST}{query}").context["cl"].result_list}
        return names

    assert shown("") == {"财务的", "风控的"}
    assert shown("?mine=yes") == {"财务的"}
    assert shown("?mine=no") == {"风控的"}
    assert shown("?q=风控") == {"风控的"}
    assert shown("?dataset=members") == set()


def test_values_of_masked_columns_are_hidden_from_people_who_see_them_masked(world, sign_in):
    body = {"filters": [{"column": "buyer_phone", "op": "starts_with", "value": "1381234"}]}
    definition = made(world, "risk", body=body, shared="tenant")
    with world.scope("risk"):
        version = definitions.current_version(definition)
        job = definitions.run_definition(definition.pk, actor=world.user("risk"))
    pages = [address(definition), f"/admin/jobs/definitionversion/{version.pk}/change/", f"{NEW}/?copy={definition.pk}"]
    for name, visible in (("risk", True), ("finance", False)):
        for path in pages:
            assert ("1381234" in sign_in(name).get(path, follow=True).content.decode()) is visible, (name, path)
    path = f"/admin/jobs/exportjob/{job.pk}/change/"
    assert "1381234" in sign_in("risk").get(path).content.decode()
    seen = sign_in("finance").get(path).content.decode()
    assert job.job_no in seen
    assert "1381234" not in seen


def test_versions_of_invisible_definitions_are_invisible(world, sign_in):
    definition = made(world)
    with world.scope("finance"):
        version = definitions.current_version(definition)
    path = f"/admin/jobs/definitionversion/{version.pk}/change/"
    assert sign_in("finance").get(path).status_code == 200
    assert sign_in("operator").get(path)["Location"] == "/admin/"
    assert sign_in("operator").get("/admin/jobs/definitionversion/").context["cl"].result_count == 0
