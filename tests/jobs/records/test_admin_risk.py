"""The risk team's tables in the admin: personal data is masked there as it is in files."""

import pytest
from django.urls import reverse

from jobs.records.models import KycCase, RiskListEntry, RiskRule, RiskTicket
from tests.jobs.records import risk_samples

SECRETS = {
    RiskTicket: ("13812345678", "张小三"),
    RiskListEntry: ("13812345678",),
    KycCase: ("99010119900101123X", "13812345678", "张小三"),
}
MASKED = {RiskTicket: "138****5678", RiskListEntry: "138****5678", KycCase: "9901**********123X"}


@pytest.fixture(autouse=True)
def rows(world):
    with world.scope("platform"):
        risk_samples.one_of_each()


def pages(client, world, model) -> list[str]:
    name = f"admin:records_{model._meta.model_name}"
    with world.scope("platform"):
        key = model.objects.get().pk
    responses = [client.get(reverse(f"{name}_changelist")), client.get(reverse(f"{name}_change", args=[key]))]
    assert [response.status_code for response in responses] == [200, 200]
    return [response.content.decode() for response in responses]


@pytest.mark.parametrize("model", SECRETS, ids=lambda model: model.__name__)
def test_personal_data_is_masked_without_the_right(sign_in, world, model):
    for page in pages(sign_in("operator"), world, model):
        assert MASKED[model] in page
        assert [secret for secret in SECRETS[model] if secret in page] == []


@pytest.mark.parametrize("model", SECRETS, ids=lambda model: model.__name__)
def test_personal_data_is_whole_with_the_right(sign_in, world, model):
    for page in pages(sign_in("risk"), world, model):
        assert SECRETS[model][0] in page


def test_rules_are_for_those_who_see_the_whole_company(sign_in, world):
    path = reverse("admin:records_riskrule_changelist")
    assert "COUNT(card, 10m)" in pages(sign_in("risk"), world, RiskRule)[0]
    assert "COUNT(card, 10m)" not in sign_in("operator").get(path).content.decode()
