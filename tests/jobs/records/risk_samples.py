"""Rows of the risk team made by hand, so that expected values can be written down by hand too."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from jobs.records.models import KycCase, RiskListEntry, RiskRule, RiskTicket
from tests.jobs.records import samples


def risk_ticket(no: str = "T1", **fields: Any) -> RiskTicket:
    """A ticket of the current tenant, closed after an hour and in time."""
    values = {
        "title": "同卡短时多笔支付",
        "category": "payment",
        "level": "high",
        "status": "closed",
        "assignee": "周风控",
        "conclusion": "fraud",
        "amount": Decimal("100.00"),
        "refunded_amount": Decimal("99.90"),
        "handling_minutes": 60,
        "region": "华东",
        "created_at": datetime(2026, 3, 1, 4, tzinfo=UTC),
        "due_at": datetime(2026, 3, 2, 4, tzinfo=UTC),
        "closed_at": datetime(2026, 3, 1, 5, tzinfo=UTC),
    }
    made: RiskTicket = RiskTicket.objects.create(ticket_no=no, **(values | fields))
    return made


def risk_list_entry(no: str = "L1", **fields: Any) -> RiskListEntry:
    """A blacklisted phone of the current tenant, without an end."""
    values = {
        "list_type": "black",
        "subject_kind": "phone",
        "value": "13812345678",
        "reason": "盗卡",
        "region": "华东",
        "added_by": "周风控",
        "valid_from": datetime(2026, 3, 1, tzinfo=UTC),
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    made: RiskListEntry = RiskListEntry.objects.create(entry_no=no, **(values | fields))
    return made


def risk_rule(code: str = "R-1", **fields: Any) -> RiskRule:
    """A rule of the current tenant whose expression a spreadsheet would run."""
    values = {
        "name": "同卡短时多笔支付",
        "category": "payment",
        "level": "high",
        "expression": "=COUNT(card, 10m) > 3",
        "threshold": Decimal("3.5"),
        "action": "hold",
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "updated_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    made: RiskRule = RiskRule.objects.create(code=code, **(values | fields))
    return made


def kyc_case(no: str = "K1", **fields: Any) -> KycCase:
    """A case of the current tenant that waits for review."""
    values = {
        "name": "张小三",
        "document_type": "id_card",
        "id_number": "99010119900101123X",
        "expires_on": date(2036, 3, 1),
        "face_score": Decimal("98.765"),
        "region": "华东",
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    made: KycCase = KycCase.objects.create(case_no=no, **(values | fields))
    return made


def one_of_each(region: str = "华东", suffix: str = "1") -> None:
    """A row of every table of the risk team, of one member, hit and region."""
    buyer = samples.member(f"M{suffix}", region=region)
    bought = samples.order(f"2026030100000000{suffix:>02}", region=region, member=buyer)
    hit = samples.risk_hit(f"H{suffix}", region=region, member=buyer, order=bought)
    risk_ticket(f"T{suffix}", region=region, member=buyer, hit=hit)
    risk_list_entry(f"L{suffix}", region=region)
    risk_rule(f"R-{suffix}")
    kyc_case(f"K{suffix}", region=region, member=buyer)
