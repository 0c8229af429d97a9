"""Campaigns, tasks and teams, with values written down by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from exportcenter.common.errors import InvalidParameters
from jobs.records.models import Campaign, Task, Team
from tests.jobs.datasets.cells import export

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


def team(code="T1", region="华东", **fields):
    values = {"name": "上海一组", "leader_name": "欧阳子", "leader_phone": "13712345678", "size": 9, "created_at": AT}
    return Team.objects.create(team_code=code, region=region, **(values | fields))


def campaign(code="C1", region="华东", **fields):
    values = {
        "name": "新人礼包",
        "type": "new_member",
        "channel": "app",
        "status": "running",
        "owner": "王运营",
        "start_on": date(2026, 3, 1),
        "end_on": date(2026, 3, 31),
        "budget": Decimal("5000.00"),
        "created_at": AT,
    }
    return Campaign.objects.create(campaign_code=code, region=region, **(values | fields))


def task(no="K1", region="华东", **fields):
    values = {
        "title": "商圈派发传单 100%",
        "type": "promotion",
        "reward": Decimal("12.50"),
        "quota": 30,
        "done": 7,
        "deadline": AT,
        "created_at": AT,
    }
    return Task.objects.create(task_no=no, region=region, **(values | fields))


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


@pytest.fixture
def story(platform):
    """Two teams with a campaign and a task each, in two regions."""
    first, second = team(), team("T2", "华南", name="深圳二组", size=30, status="paused", level="s")
    spring = campaign(participants=800, conversions=100, conversion_rate="0.125")
    summer = campaign("C2", "华南", name="年货节", start_on=date(2026, 6, 1), end_on=date(2026, 6, 1), status="draft")
    task(campaign=spring, team=first, status="active")
    task("K2", "华南", campaign=summer, team=second, title="问卷", type="survey", reward=1, done=30, finished_at=AT)
    return platform


def keys(world, dataset, column, **params):
    return [row[0] for row in export(dataset, world.user("admin"), [column], **params)]


def test_days_and_rates_of_campaigns(story):
    columns = ["start_on", "end_on", "budget", "participants", "conversion_rate"]
    assert export("campaigns", story.user("operator"), columns) == [
        ("2026-03-01", "2026-03-31", "5000.00", "800", "0.1250")
    ]
    assert export("campaigns", story.user("admin"), ["conversion_rate"], keyword="C2") == [(None,)]


def test_campaign_filters(story):
    def codes(**params):
        return keys(story, "campaigns", "campaign_code", **params)

    assert codes(runs_min="2026-03-02") == codes(status="draft") == codes(region="华南") == ["C2"]
    assert codes(runs_max="2026-03-01") == codes(rate_min=0.125, rate_max="0.125") == ["C1"]
    assert codes(runs_min="2026-03-01", runs_max="2026-06-01") == codes(type=["new_member"]) == ["C1", "C2"]
    assert codes(name="礼包") == codes(keyword="C1") == ["C1"]
    assert codes(budget_min=5001) == codes(channel="store") == codes(owner="王") == []
    with pytest.raises(InvalidParameters) as refused:
        codes(runs_min="2026-06-01", runs_max="2026-03-01")
    assert list(refused.value.details) == ["runs_max"]
    with pytest.raises(InvalidParameters) as refused:
        codes(runs_min="soon")
    assert list(refused.value.details) == ["runs_min"]


def test_progress_and_reward_of_tasks(story):
    columns = ["task_no", "campaign_code", "team_name", "progress", "earned"]
    assert export("tasks", story.user("admin"), columns) == [
        ("K1", "C1", "上海一组", "23.33", "87.50"),
        ("K2", "C2", "深圳二组", "100.00", "30.00"),
    ]


def test_a_task_without_pieces_has_no_progress(platform):
    task(campaign=campaign(), team=team(), quota=0, done=0)
    assert export("tasks", platform.user("admin"), ["progress", "earned"]) == [(None, "0.00")]


def test_task_filters(story):
    def numbers(**params):
        return keys(story, "tasks", "task_no", **params)

    assert numbers(finished=True) == numbers(type="survey") == numbers(team_code="T2") == ["K2"]
    assert numbers(finished=False) == numbers(status="active") == numbers(campaign_code="C1") == ["K1"]
    assert numbers(title="100%") == numbers(reward_min=2) == ["K1"]
    assert numbers(reward_max=1) == numbers(keyword="K2") == ["K2"]


def test_team_filters(story):
    def codes(**params):
        return keys(story, "teams", "team_code", **params)

    assert codes(level="s") == codes(status=["paused"]) == codes(size_min=10) == codes(name="深圳") == ["T2"]
    assert codes(size_max=9) == codes(keyword="T1") == codes(region="华东") == ["T1"]
    assert codes(city="上海") == []


def test_leaders_are_masked_without_the_right(story):
    columns = ["leader_name", "leader_phone"]
    assert export("teams", story.user("risk"), columns, keyword="T1") == [("欧阳子", "13712345678")]
    for name in ("operator", "finance"):
        assert export("teams", story.user(name), columns, keyword="T1") == [("欧**", "137****5678")]


def test_operators_get_their_own_regions_only(story):
    for key in ("campaigns", "tasks", "teams"):
        assert len(export(key, story.user("finance"))) == 2
        assert len(export(key, story.user("operator"))) == 1
        assert export(key, story.user("operator2")) == []
