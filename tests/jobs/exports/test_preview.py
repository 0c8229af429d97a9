"""What of a file can be seen before it is downloaded, and by whom."""

import pytest
from django.utils import translation

from accounts import policy
from exportcenter.common.errors import PermissionRefused
from jobs.engine import kinds, lifecycle
from jobs.exports import delivery, preview
from jobs.models import ExportJob, ExportPreview
from jobs.records.demo import fill
from tests.jobs.exports.runs import ask, run


@pytest.fixture
def orders(live):
    with live.scope("platform"):
        fill(orders=250, seed=5)


def shown(live, job: ExportJob, name: str) -> preview.Shown | None:
    with live.scope(name), translation.override("zh-hans"):
        return preview.shown_to(live.user(name), ExportJob.objects.get(pk=job.pk))


@pytest.mark.parametrize("file_type", ["csv", "xlsx", "json", "parquet"])
def test_the_first_rows_as_people_read_them_whatever_the_format(live, orders, file_type):
    columns = ["order_no", "status", "amount", "created_at", "paid_at", "note"]
    job = run(live, ask(live, "finance", file_type=file_type, columns=columns))
    found = shown(live, job, "finance")
    assert [title for title, _kind in found.columns] == ["订单号", "状态", "金额", "下单时间", "付款时间", "备注"]
    assert len(found.rows) == preview.MOST_ROWS
    assert found.more
    number, status, amount, created, _paid, _note = found.rows[0]
    assert number.isdigit()
    assert status in {"待付款", "已付款", "已发货", "已完成", "已取消", "已退款"}
    assert amount[-3] == "."
    assert len(created) == 19
    assert {row[4] is None for row in found.rows} == {True, False}


def test_all_rows_of_a_short_file(live, orders):
    job = run(live, ask(live, "finance", params={"keyword": "2024"}, columns=["order_no"]))
    found = shown(live, job, "finance")
    assert len(found.rows) == job.row_count < preview.MOST_ROWS or found.more


def test_contact_data_in_full_is_masked_for_who_may_not_see_it(live, orders):
    job = run(live, ask(live, "admin", columns=["buyer_name", "buyer_phone", "amount"]))
    seen = shown(live, job, "admin")
    masked = shown(live, job, "finance")
    assert "*" not in "".join(seen.rows[0])
    assert "*" in masked.rows[0][0]
    assert "****" in masked.rows[0][1]
    assert masked.rows[0][2] == seen.rows[0][2]
    assert (seen.masked, masked.masked) == ([], ["买家", "电话"])
    with live.scope("finance"):
        assert not policy.may(live.user("finance"), policy.Action.EXPORT_DOWNLOAD, ExportJob.objects.get(pk=job.pk))


def test_who_may_not_have_the_file_sees_nothing_of_it(live, orders):
    job = run(live, ask(live, "operator"))
    with pytest.raises(PermissionRefused, match=r"finance|财务"):
        shown(live, job, "operator")


def test_it_goes_with_the_file(live, orders):
    job = run(live, ask(live, "finance"))
    with live.scope("platform"):
        assert ExportPreview.objects.filter(job=job).count() == 1
        locked = ExportJob.objects.select_for_update().get(pk=job.pk)
        lifecycle.expire(kinds.get("export"), locked)
        assert not ExportPreview.objects.filter(job=job).exists()
    assert shown(live, job, "finance") is None


def test_a_file_that_is_refused_leaves_none(live, orders, monkeypatch):
    """Somebody cancels between the last byte and the publication."""
    real = delivery.ExportFile.fields

    def late(self):
        with live.scope("platform"):
            locked = ExportJob.objects.select_for_update().get(status="processing")
            lifecycle.request_cancel(kinds.get("export"), locked, actor=locked.owner)
        return real(self)

    monkeypatch.setattr(delivery.ExportFile, "fields", late)
    assert run(live, ask(live, "finance")).status == "canceled"
    with live.scope("platform"):
        assert not ExportPreview.objects.exists()
