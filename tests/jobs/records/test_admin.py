"""Sample data in the admin: the reader's regions only, contact data masked without the right."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import RolePermission
from jobs.datasets import all_datasets
from jobs.records.models import Member, Withdraw
from tests.accounts import rows
from tests.jobs.records import samples

LIST = "/admin/records/member/"


@pytest.fixture
def member(world):
    with world.scope("admin"):
        member = rows.one_of(Member, world.user("admin"))
        Member.objects.filter(pk=member.pk).update(name="张小三", phone="13812345678", email="zhang@example.com")
        return member


def pages(client, member) -> list[str]:
    change = reverse("admin:records_member_change", args=[member.pk])
    return [client.get(path).content.decode() for path in (LIST, change)]


def test_contact_data_is_masked(sign_in, member):
    for page in pages(sign_in("operator"), member):
        assert "138****5678" in page
        assert "张**" in page
        for secret in ("13812345678", "张小三", "zhang@example.com"):
            assert secret not in page


def test_contact_data_is_whole_with_the_right(sign_in, member):
    for page in pages(sign_in("risk"), member):
        assert "13812345678" in page
        assert "张小三" in page


def test_rows_of_other_regions_do_not_exist(sign_in, world, member):
    with world.scope("admin"):
        Member.objects.filter(pk=member.pk).update(region="华南")
    client = sign_in("operator")
    assert member.member_no not in client.get(LIST).content.decode()
    assert client.get(reverse("admin:records_member_change", args=[member.pk])).status_code == 302


def test_search_finds_by_number_not_by_contact_data(sign_in, member):
    client = sign_in("operator")
    found = [
        client.get(LIST, {"q": text}).context["cl"].result_list for text in (member.member_no, "1381234", "张小三")
    ]
    assert [len(result) for result in found] == [1, 0, 0]


def test_filters_do_not_reach_contact_data(sign_in, member):
    """A lookup in the address would answer the same question letter by letter."""
    response = sign_in("operator").get(LIST, {"phone__startswith": "138"})
    assert response.status_code in (302, 400)


def test_without_the_right_nothing_opens(sign_in, world, member):
    with world.scope("admin"):
        RolePermission.objects.filter(role__key="operator", permission_id="admin.records.view").delete()
    assert sign_in("operator").get(LIST).status_code == 403


def test_every_sample_table_with_a_dataset_is_in_the_admin():
    exported = {dataset.model for dataset in all_datasets()} & set(samples.MODELS)
    assert exported == {model for model in admin.site._registry if model._meta.app_label == "records"}


def test_contact_data_of_related_rows_is_masked(sign_in, world):
    with world.scope("admin"):
        made = samples.one_of_each()
        Withdraw.objects.update(account_no="622588123456789012", account_holder="张小三")
    for name, secret_shown in (("operator", False), ("risk", True)):
        client = sign_in(name)
        for model in samples.MODELS:
            row = made[model]
            for path in ("changelist", "change"):
                args = [row.pk] if path == "change" else []
                page = client.get(reverse(f"admin:records_{model._meta.model_name}_{path}", args=args))
                text = page.content.decode()
                if not secret_shown:
                    for secret in ("张小三", "13812345678", "622588123456789012", "leader_name-1"):
                        assert secret not in text, (model, path)
                elif model is Withdraw:
                    assert "622588123456789012" in text


@pytest.mark.parametrize("model", samples.MODELS, ids=lambda model: model._meta.model_name)
def test_lists_ask_no_more_for_more_rows(sign_in, world, model):
    client = sign_in("admin")
    path = reverse(f"admin:records_{model._meta.model_name}_changelist")
    counts = []
    for number in range(1, 4):
        with world.scope("admin"):
            samples.one_of_each(suffix=str(number))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[1] == counts[2]
