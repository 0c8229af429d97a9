"""Every fault of every row, told with column, value and what to do; nothing is written meanwhile (SPEC B2, B4)."""

import pytest
from django.db import connection

from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused, StateConflict
from jobs.imports import services
from jobs.imports.counting import spoken
from jobs.models import ImportRow
from jobs.records.models import Member, Order, Team, Withdraw
from tests.jobs.imports import runs
from tests.jobs.records.samples import member

HEADER = "会员号,姓名,性别,手机号,邮箱,等级,地区,积分,注册时间,生日"
LINE = "{no},张三,女,13812345678,a@example.com,金卡,华东,10,2025-01-03 10:20,1990-01-02"


def lines(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode()


def checked(world, content, name="operator", **request):
    return runs.run(world, runs.ask(world, name, content, **request))


def row(no: str, **cells: str) -> str:
    names = HEADER.split(",")
    values = LINE.format(no=no).split(",")
    for title, value in cells.items():
        values[names.index(title)] = value
    return ",".join(values)


CELLS = [
    ("手机号", "12", "phone", "NOT_A_PHONE"),
    ("手机号", "138****5678", "phone", "MASKED"),
    ("邮箱", "nobody", "email", "NOT_AN_EMAIL"),
    ("等级", "黄金", "level", "NOT_A_CHOICE"),
    ("地区", "火星", "region", "NOT_A_CHOICE"),
    ("积分", "1.5", "points", "NOT_WHOLE"),
    ("积分", "99999999999", "points", "OUT_OF_RANGE"),
    ("积分", "1.23E+17", "points", "SCIENTIFIC"),
    ("注册时间", "3-1-25", "created_at", "AMBIGUOUS_DATE"),
    ("生日", "2025-02-30", "birthday", "NO_SUCH_DATE"),
    ("生日", "2025-02-03 10:00", "birthday", "HAS_TIME"),
    ("姓名", "", "name", "REQUIRED"),
    ("会员号", "", "member_no", "REQUIRED"),
    ("会员号", "1.23E+17", "member_no", "SCIENTIFIC"),
    ("会员号", "M" * 21, "member_no", "TOO_LONG"),
    ("姓名", "长" * 51, "name", "TOO_LONG"),
]


@pytest.mark.parametrize(("title", "value", "column", "code"), CELLS)
def test_a_faulty_cell(live, title, value, column, code):
    job = checked(live, lines(row("M1", **{title: value}), row("M2")))
    assert job.status == "review"
    assert runs.faults(live, job) == [(2, column, code)]
    assert (runs.counts(job).rows, runs.counts(job).faulty, runs.counts(job).to_create) == (2, 1, 1)
    assert spoken(job.problems[0])


def test_all_faults_of_all_rows_in_groups(live):
    faulty = [row(f"M{number}", 手机号="12", 等级="黄金") for number in range(312)]
    job = checked(live, lines(*[row(f"G{number}") for number in range(6)], *faulty))
    assert [(group["column"], group["code"], group["count"], group["row"]) for group in job.problems] == [
        ("phone", "NOT_A_PHONE", 312, 8),
        ("level", "NOT_A_CHOICE", 312, 8),
    ]
    assert len(runs.faults(live, job)) == 624


def test_what_people_write_is_understood(live):
    job = checked(
        live,
        lines(
            row(" Ｍ００１ ", 性别="Female", 等级="GOLD", 积分='"1,234"', 生日="1990年1月2日"),
            row("0012", 性别="", 手机号="", 邮箱="", 生日=""),
        ),
    )
    assert job.problems == []
    runs.confirm(live, job)
    with live.scope("platform"):
        first, second = Member.objects.order_by("-member_no")
        assert (first.member_no, first.gender, first.level, first.points) == ("M001", "female", "gold", 1234)
        assert (second.member_no, second.gender, second.phone, second.birthday) == ("0012", "unknown", "", None)
        assert first.created_at.isoformat() == "2025-01-03T02:20:00+00:00"


def test_doubles_in_the_file_and_in_the_table(live):
    with live.scope("platform"):
        member("M5")
    job = checked(live, lines(row("M1"), row("M2"), row("M1"), row("M5")))
    assert runs.faults(live, job) == [(4, "member_no", "DUPLICATE"), (5, "member_no", "EXISTS")]
    assert "2" in spoken(next(group for group in job.problems if group["code"] == "DUPLICATE"))


def test_doubles_over_two_batches(live):
    job = checked(live, lines(*[row(f"M{number}") for number in range(1_100)], row("M7")))
    assert runs.faults(live, job) == [(1_102, "member_no", "DUPLICATE")]


def test_nothing_is_there_to_change(live):
    job = checked(live, lines("M1,金卡", header="会员号,等级"), mode="update")
    assert runs.faults(live, job) == [(2, "member_no", "MISSING")]


def test_a_new_row_needs_what_an_existing_one_has(live):
    with live.scope("platform"):
        member("M1", name="旧名")
    job = checked(live, lines("M1,,华东,金卡", "M2,,华东,金卡", header="会员号,姓名,地区,等级"), "admin", mode="upsert")
    assert runs.faults(live, job) == [(3, "name", "REQUIRED")]
    done = runs.confirm(live, job)
    assert (done.counts["updated"], done.counts["faulty"]) == (1, 1)
    with live.scope("platform"):
        assert list(Member.objects.values_list("member_no", "name", "level")) == [("M1", "旧名", "gold")]


def test_a_reference_must_exist(live):
    with live.scope("platform"):
        member("M1")
    header = "订单号,买家,地区,商品,SKU,金额,会员号"
    job = checked(live, lines("A1,张三,华东,茶,S1,1.50,M1", "A2,张三,华东,茶,S1,2,M9", header=header), dataset="orders")
    assert runs.faults(live, job) == [(3, "member_no", "NO_SUCH_ROW")]
    runs.confirm(live, job)
    with live.scope("platform"):
        assert [(order.order_no, order.member.member_no) for order in Order.objects.all()] == [("A1", "M1")]


def test_values_that_do_not_fit_together(live):
    header = "活动编号,活动名称,类型,渠道,负责人,地区,开始日期,结束日期"
    job = checked(
        live, lines("C1,春节,festival,门店,李四,华东,2025-02-01,2025-01-01", header=header), dataset="campaigns"
    )
    assert [(column, code) for _row, column, code in runs.faults(live, job)] == [("", "BREAKS_RULE")]
    assert "最后一天" in spoken(job.problems[0])


def test_regions_of_others(live):
    """No row is made, or changed, in a region that is not the person's."""
    with live.scope("platform"):
        member("M9", region="西北")
        assert live.user("operator").regions == ["华东"]
    job = checked(live, lines(row("M1", 地区="西北"), row("M9")), "operator")
    assert runs.faults(live, job) == [(2, "region", "NOT_YOURS"), (3, "member_no", "TAKEN")]


def test_a_dry_run_writes_nothing(live):
    tables = ("records_member", "records_order", "records_team", "records_withdraw", "accounts_user")

    def picture():
        with live.scope("platform"), connection.cursor() as cursor:
            found = []
            for table in tables:
                cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t")
                found.append(cursor.fetchone())
        return found

    with live.scope("platform"):
        member("M1")
        member("M2")
    before = picture()
    job = checked(live, lines(row("M1"), row("M3"), row("M4", 积分="x")), "admin", mode="upsert")
    assert job.status == "review"
    assert picture() == before
    with live.scope("platform"):
        assert ImportRow.objects.filter(job_id=job.pk).count() == 3


class TestRights:
    def test_adding_and_changing_are_two_rights(self, live):
        kept = runs.send(live, "finance", lines(row("M1")))
        with live.scope("finance"), pytest.raises(PermissionRefused):
            services.request_import(file_id=kept.pk, dataset="members", mode="create", actor=live.user("finance"))

    def test_only_the_status_of_withdrawals(self, live):
        kept = runs.send(live, "finance", b"withdraw_no,amount\nW1,2\n")
        with live.scope("finance"):
            with pytest.raises(InvalidParameters) as refused:
                services.request_import(file_id=kept.pk, dataset="withdraws", mode="create", actor=live.user("finance"))
            assert "mode" in refused.value.details
            with pytest.raises(InvalidParameters) as refused:
                services.request_import(
                    file_id=kept.pk,
                    dataset="withdraws",
                    mode="update",
                    columns={0: "withdraw_no", 1: "amount"},
                    actor=live.user("finance"),
                )
            assert "mapping" in refused.value.details
            assert Withdraw.objects.count() == 0

    def test_the_ledger_is_not_written_by_files(self, live):
        with live.scope("admin"), pytest.raises(InvalidParameters) as refused:
            services.importable("wallet_ledger")
        assert refused.value.details["dataset"]

    def test_a_file_of_somebody_else(self, live):
        kept = runs.send(live, "finance", lines(row("M1")))
        with live.scope("operator"), pytest.raises(NotFound):
            services.request_import(file_id=kept.pk, dataset="members", mode="create", actor=live.user("operator"))

    def test_contact_data_that_one_sees_masked_is_not_changed(self, live):
        content = lines("M1,13812345678,金卡", header="会员号,手机号,等级")
        job = runs.ask(live, "operator", content, mode="update")
        assert job.mapping == {"0": "member_no", "2": "level"}

    def test_rights_that_changed_meanwhile(self, live):
        job = checked(live, lines(row("M1")))
        with live.scope("operator"):
            person = live.user("operator")
            services.confirm_import(job.job_no, actor=person)
            type(person).objects.filter(pk=person.pk).update(authz_epoch=person.authz_epoch + 1)
        job = runs.run(live, job)
        assert (job.status, job.error_code) == ("failed", "RIGHTS_CHANGED")
        with live.scope("platform"):
            assert Member.objects.count() == 0


class TestConfirming:
    def test_all_or_none_needs_all(self, live):
        job = checked(live, lines(row("M1"), row("M2", 积分="x")), on_error="stop")
        with live.scope("operator"), pytest.raises(StateConflict):
            services.confirm_import(job.job_no, actor=live.user("operator"))

    def test_nothing_to_write(self, live):
        job = checked(live, lines(row("M2", 积分="x")))
        with live.scope("operator"), pytest.raises(StateConflict):
            services.confirm_import(job.job_no, actor=live.user("operator"))

    def test_canceled_in_review(self, live):
        job = checked(live, lines(row("M1")))
        with live.scope("operator"):
            assert services.cancel_import(job.job_no, actor=live.user("operator")).status == "canceled"
            with pytest.raises(StateConflict):
                services.confirm_import(job.job_no, actor=live.user("operator"))

    def test_a_team_is_made(self, live):
        job = checked(
            live,
            lines("T1,先锋队,华东,李雷,13900000000", header="团队编号,团队名称,地区,队长,队长手机"),
            dataset="teams",
        )
        assert runs.confirm(live, job).counts["created"] == 1
        with live.scope("platform"):
            assert Team.objects.get().level == "b"
