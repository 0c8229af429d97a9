"""Nobody gets more out of somebody else's file than out of an own export."""

import pytest

from accounts import policy
from jobs.engine import kinds, runner
from jobs.exports import services
from jobs.models import ExportJob
from jobs.records.demo import fill


@pytest.fixture
def orders(live):
    with live.scope("platform"):
        fill(orders=300, seed=3)


def made_by(live, name: str, **request) -> ExportJob:
    with live.scope(name):
        job = services.request_export(
            actor=live.user(name), **({"dataset": "orders", "file_type": "csv", "params": {}} | request)
        )
    runner.run_one_due(kinds.get("export"), ring=False)
    with live.scope(name):
        return ExportJob.objects.get(pk=job.pk)


def may(live, name: str, job: ExportJob) -> policy.Decision:
    with live.scope(name):
        return policy.may(live.user(name), policy.Action.EXPORT_DOWNLOAD, job)


def test_a_file_with_contact_data_in_full_is_not_for_people_who_see_it_masked(live, orders):
    job = made_by(live, "admin")
    assert set(job.file_rights) == {"data.all_regions", "data.contact"}
    assert may(live, "admin", job)
    refused = may(live, "finance", job)
    assert not refused
    assert "联系" in refused.reason


def test_without_a_masked_column_the_same_file_is_for_finance_too(live, orders):
    assert may(live, "finance", made_by(live, "admin", columns=["order_no", "amount"]))


def test_finance_downloads_what_an_operator_asked_for(live, orders):
    job = made_by(live, "operator")
    assert (job.file_rights, job.file_regions) == ([], ["华东"])
    assert may(live, "finance", job)


def test_a_region_that_was_taken_away_closes_the_old_file(live, orders):
    job = made_by(live, "operator", dataset="members")
    assert may(live, "operator", job)
    with live.scope("operator"):
        user = live.user("operator")
        user.regions = ["华南"]
        decision = policy.may(user, policy.Action.EXPORT_DOWNLOAD, job)
    assert not decision
    assert "数据行" in decision.reason
