"""Tickets, lists, rules and KYC cases: filters, masks and row scope, with values written down by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone, translation

from exportcenter.common.errors import InvalidParameters
from jobs.datasets import get
from jobs.datasets.query import plan
from tests.jobs.datasets.cells import SHANGHAI, export
from tests.jobs.records import risk_samples, samples

REGIONAL = ("risk_tickets", "risk_lists", "kyc_cases")


@pytest.fixture
def platform(world):
    with world.scope("platform"):
        yield world


def first_cells(world, key, **params):
    return [row[0] for row in export(key, world.user("admin"), **params)]


@pytest.mark.parametrize("key", REGIONAL)
def test_operators_get_their_own_regions_only(platform, key):
    for number, region in enumerate(["华东", "华南", "东北"], 1):
        risk_samples.one_of_each(region, str(number))
    with translation.override("en"):
        assert export(key, platform.user("operator"), ["region"]) == [("East China",)]
    assert export(key, platform.user("operator"), region=["华南"]) == []
    assert export(key, platform.user("operator2")) == []
    for name in ("admin", "risk", "finance"):
        assert len(export(key, platform.user(name))) == 3


def test_rules_are_for_those_who_see_the_whole_company(platform):
    risk_samples.risk_rule()
    seen = {name: len(export("risk_rules", platform.user(name))) for name in ("admin", "risk", "operator", "nobody")}
    assert seen == {"admin": 1, "risk": 1, "operator": 0, "nobody": 0}


def test_personal_data_is_masked_without_the_right(platform):
    risk_samples.one_of_each()
    masked, whole = platform.user("operator"), platform.user("risk")
    ticket = ["member_name", "member_phone"]
    assert export("risk_tickets", masked, ticket) == [("张**", "138****5678")]
    assert export("risk_tickets", whole, ticket) == [("张小三", "13812345678")]
    case = ["name", "id_number", "phone"]
    assert export("kyc_cases", masked, case) == [("张**", "9901**********123X", "138****5678")]
    assert export("kyc_cases", whole, case) == [("张小三", "99010119900101123X", "13812345678")]
    assert export("risk_lists", masked, ["value"]) == [("138****5678",)]
    assert export("risk_lists", whole, ["value"]) == [("13812345678",)]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "13812345678", "138****5678"),
        ("phone", "+86 138-1234-5678", "+86****5678"),
        ("phone", "110", "***"),
        ("phone", "95588", "*****"),
        ("device", "13812345678", "138****5678"),
        ("device", "D0F3A9C27B415E88", "D0F3********5E88"),
        ("device", "ABCDEFGH", "******GH"),
        ("device", "ABC", "***"),
        ("device", "=cmd", "****"),
        ("ip", "203.0.113.9", "203.0.*.*"),
        ("ip", "2001:db8::1", "2001:****"),
        ("ip", "::1", ":****"),
        ("ip", "::ffff:203.0.113.9", ":****"),
        ("id_card", "99010119900101123X", "9901**********123X"),
        ("id_card", "990101900101123", "9901*******1123"),
        ("bank_card", "6222021234567890123", "6222***********0123"),
        ("bank_card", "6222 0212 3456 7890", "6222***********7890"),
    ],
)
def test_values_of_lists_are_masked_as_their_kind_is(platform, kind, value, shown):
    risk_samples.risk_list_entry(subject_kind=kind, value=value)
    assert export("risk_lists", platform.user("operator"), ["value"]) == [(shown,)]


def test_numbers_keep_all_their_digits(platform):
    risk_samples.kyc_case(id_number="990101199001011239")
    risk_samples.risk_list_entry(subject_kind="bank_card", value="6222021234567890123")
    admin = platform.user("admin")
    assert export("kyc_cases", admin, ["id_number"]) == [("990101199001011239",)]
    assert export("risk_lists", admin, ["value"]) == [("6222021234567890123",)]


def test_ticket_filters(platform):
    member = samples.member("M7")
    hit = samples.risk_hit("H7")
    now = timezone.now()
    risk_samples.risk_ticket("T-1", member=member, level="low", source="complaint")
    risk_samples.risk_ticket("T-2", hit=hit, handling_minutes=2000, closed_at=datetime(2026, 3, 3, tzinfo=UTC))
    risk_samples.risk_ticket(
        "T-3", status="open", closed_at=None, conclusion="", due_at=now - timedelta(days=1), assignee="", region="华南"
    )
    risk_samples.risk_ticket("U-4", status="open", closed_at=None, conclusion="", due_at=now + timedelta(days=1))

    def tickets(**params):
        return first_cells(platform, "risk_tickets", **params)

    assert tickets(status="open") == ["T-3", "U-4"]
    assert tickets(level=["low", "critical"]) == ["T-1"]
    assert tickets(source="complaint") == ["T-1"]
    assert tickets(conclusion="fraud") == ["T-1", "T-2"]
    assert tickets(overdue=True) == ["T-2", "T-3"]
    assert tickets(overdue=False) == ["T-1", "U-4"]
    assert tickets(minutes_min=61) == ["T-2"]
    assert tickets(keyword="T-") == ["T-1", "T-2", "T-3"]
    assert tickets(member_no="M7") == ["T-1"]
    assert tickets(hit_no="H7") == ["T-2"]
    assert tickets(assignee="周风控", region="华东", category="payment") == ["T-1", "T-2", "U-4"]
    late = export("risk_tickets", platform.user("admin"), ["ticket_no", "overdue"])
    assert late == [("T-1", "false"), ("T-2", "true"), ("T-3", "true"), ("U-4", "false")]


def test_a_ticket_shows_what_it_hangs_on(platform):
    risk_samples.one_of_each()
    risk_samples.risk_ticket("T9")
    columns = ["ticket_no", "hit_no", "order_no", "rule_code", "member_no", "refunded_amount", "conclusion"]
    with translation.override("en"):
        rows = export("risk_tickets", platform.user("admin"), columns)
    assert rows == [
        ("T1", "H1", "202603010000000001", "R-1", "M1", "99.90", "Fraud"),
        ("T9", None, None, None, None, "99.90", "Fraud"),
    ]


def test_list_filters(platform):
    now = timezone.now()
    risk_samples.risk_list_entry("L-1", hits=5)
    risk_samples.risk_list_entry("L-2", list_type="white", subject_kind="ip", valid_until=now - timedelta(hours=1))
    risk_samples.risk_list_entry("L-3", status="revoked", reason="误报 100%", source="import")
    risk_samples.risk_list_entry("N-4", valid_from=now + timedelta(hours=1), added_by="吴审核")

    def entries(**params):
        return first_cells(platform, "risk_lists", **params)

    assert entries(list_type="white") == ["L-2"]
    assert entries(subject_kind=["ip", "phone"], status="revoked") == ["L-3"]
    assert entries(in_force=True) == ["L-1"]
    assert entries(in_force=False) == ["L-2", "L-3", "N-4"]
    assert entries(hits_min=1, hits_max=5) == ["L-1"]
    assert entries(added_by="吴审核") == ["N-4"]
    assert entries(reason="100%") == ["L-3"]
    assert entries(source="import", keyword="L-") == ["L-3"]


def test_what_depends_on_the_time_is_one_set_of_rows_in_one_transaction(platform):
    """The file must hold as many rows as were counted, also when a moment passes in between."""
    made = plan(
        get("risk_lists"), viewer=platform.user("admin"), params={"in_force": True}, columns=None, zone=SHANGHAI
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() + interval '10 milliseconds'")
        risk_samples.risk_list_entry(valid_until=cursor.fetchone()[0])
        before = made.count()
        cursor.execute("SELECT pg_sleep(0.05)")
    assert before == made.count() == 1


def test_rule_filters_and_columns(platform):
    risk_samples.risk_rule("R-1", hits_30d=7, version=3)
    risk_samples.risk_rule("R-2", enabled=False, threshold=Decimal("0.0001"), action="block", name="黄牛 50% 号段")
    risk_samples.risk_rule("S-3", level="critical", updated_at=None, category="refund")

    def rules(**params):
        return first_cells(platform, "risk_rules", **params)

    assert rules(enabled=True) == ["R-1", "S-3"]
    assert rules(enabled="false") == ["R-2"]
    assert rules(threshold_min="0.0002") == ["R-1", "S-3"]
    assert rules(threshold_max="0.0001") == ["R-2"]
    assert rules(hits_min=1) == ["R-1"]
    assert rules(action=["block", "pass"]) == ["R-2"]
    assert rules(level="critical", category="refund") == ["S-3"]
    assert rules(name="50%") == ["R-2"]
    assert rules(keyword="R-") == ["R-1", "R-2"]
    assert rules(start="2026-03-02", end="2026-03-02") == ["R-1", "R-2"]
    row = export("risk_rules", platform.user("admin"), ["expression", "threshold", "hits_30d"], keyword="R-1")
    assert row == [("=COUNT(card, 10m) > 3", "3.5000", "7")]


def test_kyc_filters(platform):
    member = samples.member("M7")
    reviewed = {"reviewed_at": datetime(2026, 3, 2, tzinfo=UTC), "reviewer": "吴审核"}
    risk_samples.kyc_case("K-1", member=member)
    risk_samples.kyc_case("K-2", status="rejected", reject_reason="face", face_score=Decimal("12.5"), **reviewed)
    risk_samples.kyc_case("K-3", document_type="passport", id_number="E12345678", expires_on=date(2027, 1, 1))
    risk_samples.kyc_case("N-4", expires_on=None, face_score=None, source="web")

    def cases(**params):
        return first_cells(platform, "kyc_cases", **params)

    assert cases(status="rejected") == cases(reject_reason="face") == cases(reviewed=True) == ["K-2"]
    assert cases(reviewer="吴审核", region="华东") == ["K-2"]
    assert cases(document_type=["passport"]) == ["K-3"]
    assert cases(expires_from="2027-01-02") == ["K-1", "K-2"]
    assert cases(expires_to="2027-01-01") == ["K-3"]
    assert cases(face_score_max="12.500") == ["K-2"]
    assert cases(face_score_min=90) == ["K-1", "K-3"]
    assert cases(member_no="M7") == ["K-1"]
    assert cases(keyword="N", source="web") == ["N-4"]
    row = export("kyc_cases", platform.user("admin"), ["expires_on", "face_score"], keyword="K-1")
    assert row == [("2036-03-01", "98.765")]


@pytest.mark.parametrize(
    ("key", "params", "field"),
    [
        ("risk_tickets", {"status": "lost"}, "status"),
        ("risk_tickets", {"overdue": "perhaps"}, "overdue"),
        ("risk_tickets", {"minutes_min": 9, "minutes_max": 8}, "minutes_max"),
        ("risk_tickets", {"minutes_min": "1e999"}, "minutes_min"),
        ("risk_tickets", {"assignee": ["a", "b"]}, "assignee"),
        ("risk_lists", {"subject_kind": "email"}, "subject_kind"),
        ("risk_lists", {"in_force": 1}, "in_force"),
        ("risk_lists", {"value": "13812345678"}, "value"),
        ("risk_rules", {"threshold_min": "NaN"}, "threshold_min"),
        ("risk_rules", {"enabled": [True]}, "enabled"),
        ("kyc_cases", {"expires_from": "2027-13-01"}, "expires_from"),
        ("kyc_cases", {"id_number": "99010119900101123X"}, "id_number"),
        ("kyc_cases", {"face_score_max": "much"}, "face_score_max"),
    ],
)
def test_wrong_values_are_refused_by_name(platform, key, params, field):
    with pytest.raises(InvalidParameters) as refused:
        export(key, platform.user("admin"), **params)
    assert list(refused.value.details) == [field]
    assert refused.value.details[field][0]
