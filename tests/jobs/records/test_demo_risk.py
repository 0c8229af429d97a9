"""Demo rows of the risk team: as varied as real ones, and their figures agree with those of the other tables."""

import re
from datetime import timedelta

import pytest
from django.db.models import F, Q

from jobs.records import demo
from jobs.records.demo import words
from jobs.records.models import KycCase, RiskHit, RiskListEntry, RiskRule, RiskTicket


@pytest.fixture
def filled(world):
    with world.scope("platform"):
        demo.fill(orders=4_000, seed=7)
        yield


def values(model, field):
    return set(model.objects.values_list(field, flat=True))


@pytest.mark.usefixtures("filled")
def test_every_choice_occurs():
    for model in (RiskTicket, RiskListEntry, KycCase, RiskRule):
        for field in model._meta.concrete_fields:
            codes = {code for code, _label in field.flatchoices} - {""}
            if codes:
                assert values(model, field.name) - {""} == codes, (model, field.name)


@pytest.mark.usefixtures("filled")
def test_tickets_agree_with_their_hits_and_orders():
    tickets = RiskTicket.objects.select_related("hit__order")
    assert 100 < tickets.count() < RiskHit.objects.count()
    for ticket in tickets:
        hit = ticket.hit
        assert (ticket.member_id, ticket.amount, ticket.region) == (hit.member_id, hit.amount, hit.region)
        assert (ticket.category, ticket.level) == (hit.category, hit.level)
        assert ticket.created_at > hit.created_at
        closed = ticket.status == "closed"
        assert (ticket.closed_at is not None) == bool(ticket.conclusion) == closed
        assert closed == (hit.status in ("confirmed", "dismissed"))
        if closed:
            assert ticket.closed_at - ticket.created_at == timedelta(minutes=ticket.handling_minutes)
            money_went_back = hit.order.status == "refunded"
            assert ticket.refunded_amount == (hit.order.paid_amount if money_went_back else 0)
    late = tickets.filter(closed_at__gt=F("due_at")).count()
    assert 0 < late < tickets.exclude(closed_at=None).count() / 2


@pytest.mark.usefixtures("filled")
def test_rules_count_their_hits():
    last = RiskHit.objects.order_by("-created_at")[0].created_at
    assert last.isoformat() < "2026-10-31T16:10:00+00:00"
    recent = RiskHit.objects.filter(created_at__gte="2026-10-02T00:00:00+08:00")
    counted = {rule.code: recent.filter(rule_code=rule.code).count() for rule in RiskRule.objects.all()}
    assert dict(RiskRule.objects.values_list("code", "hits_30d")) == counted
    assert sum(counted.values()) == recent.count() > 0
    assert set(RiskRule.objects.filter(enabled=True).values_list("code", flat=True)) == {row[0] for row in words.RULES}
    assert RiskRule.objects.filter(expression__startswith="=").exists()


@pytest.mark.usefixtures("filled")
def test_values_look_like_their_kind():
    shapes = {
        "phone": r"17\d{9}",
        "device": r"D[0-9A-F]{8,16}",
        "ip": r"198\.18\.\d{1,3}\.\d{1,3}",
        "id_card": r"99\d{15}[0-9X]",
        "bank_card": r"9999\d{15}",
    }
    for kind, value in RiskListEntry.objects.values_list("subject_kind", "value"):
        assert re.fullmatch(shapes[kind], value), (kind, value)
    assert RiskListEntry.objects.filter(valid_until=None).exists()
    assert not RiskListEntry.objects.filter(valid_until__lte=F("valid_from")).exists()


@pytest.mark.usefixtures("filled")
def test_kyc_cases_agree_with_their_members():
    cases = KycCase.objects.select_related("member")
    assert cases.count() > 500
    for case in cases:
        assert (case.name, case.region, case.source) == (case.member.name, case.member.region, case.member.source)
        assert case.created_at >= case.member.created_at
        if case.document_type != "passport":
            assert re.fullmatch(r"99\d{15}[0-9X]", case.id_number)
            if case.member.birthday:
                assert case.id_number[6:14] == f"{case.member.birthday:%Y%m%d}"
    undecided = Q(status__in=["submitted", "reviewing"])
    assert not cases.filter(undecided, reviewed_at__isnull=False).exists()
    assert not cases.filter(~undecided, reviewed_at=None).exists()
    assert not cases.filter(Q(status="rejected") ^ ~Q(reject_reason="")).exists()
