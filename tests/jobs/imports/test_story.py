"""An import from file to rows and back: checked, confirmed, written, taken back (SPEC B1–B4)."""

import pytest

from jobs.imports import services
from jobs.records.models import Member
from tests.jobs.imports import runs

HEADER = "会员号,姓名,手机号,会员等级,地区,积分,注册时间,备注\r\n"
GOOD = HEADER + "".join(
    f"M{number:05d},张三{number},1380000{number:04d},金卡,华东,{number},2025-01-03 10:20:00,\r\n"
    for number in range(1, 31)
)


@pytest.fixture
def shop(live):
    return live


def test_a_file_becomes_rows(shop):
    job = runs.run(shop, runs.ask(shop, "operator", GOOD.encode()))
    assert (job.status, job.error_code, job.problems) == ("review", "", [])
    assert runs.counts(job).to_create == 30
    with shop.scope("platform"):
        assert Member.objects.count() == 0

    job = runs.confirm(shop, job)
    assert (job.status, job.counts["created"]) == ("ready", 30)
    with shop.scope("platform"):
        member = Member.objects.get(member_no="M00007")
        assert (member.name, member.phone, member.level, member.region, member.points) == (
            "张三7",
            "13800000007",
            "gold",
            "华东",
            7,
        )


def test_taken_back(shop):
    job = runs.confirm(shop, runs.run(shop, runs.ask(shop, "operator", GOOD.encode())))
    with shop.scope("platform"):
        Member.objects.filter(member_no="M00003").update(points=99)
        undo = services.undo_import(job.job_no, actor=job.owner)
    undo = runs.run(shop, undo)
    assert (undo.status, undo.counts) == ("ready", {"rows": 30, "removed": 29, "kept": 1})
    with shop.scope("platform"):
        assert list(Member.objects.values_list("member_no", flat=True)) == ["M00003"]
