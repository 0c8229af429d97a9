"""What ``manage.py doctor`` says of another database."""

import pytest

from exportcenter import external_check
from tests.external import crm

MENDED = {
    "may write": ("GRANT INSERT ON contract TO exportcenter_reader", "REVOKE INSERT", "may write to public.contract"),
    "may write a column": (
        "GRANT UPDATE (customer) ON contract TO exportcenter_reader",
        "REVOKE UPDATE (customer)",
        "may write to public.contract",
    ),
    "everybody may write": ("GRANT DELETE ON contract TO PUBLIC", "REVOKE DELETE", "may write to public.contract"),
}
ENDS = {
    "may write": "exportcenter_reader",
    "may write a column": "exportcenter_reader",
    "everybody may write": "PUBLIC",
}


def test_a_source_as_it_should_be(source):
    line = external_check.check("crm")
    assert line.startswith("PostgreSQL ")
    assert line.endswith("role exportcenter_reader only reads, connections at most 4, read by crm_contracts")
    assert external_check.aliases() == ["crm"]


@pytest.mark.parametrize("case", MENDED)
def test_a_role_that_may_write_is_named(source, case):
    change, back, words = MENDED[case]
    with crm.admin() as direct:
        direct.execute(change)
        try:
            with pytest.raises(external_check.SourceWrong, match=words):
                external_check.check("crm")
        finally:
            direct.execute(f"{back} ON contract FROM {ENDS[case]}")
    external_check.check("crm")


@pytest.mark.parametrize(
    ("change", "back", "words"),
    [
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "may create tables"),
        (
            "ALTER ROLE exportcenter_reader CONNECTION LIMIT 1",
            "ALTER ROLE exportcenter_reader CONNECTION LIMIT 4",
            "EXTERNAL_CONNECTIONS is 2",
        ),
        (
            "REVOKE SELECT ON contract_export FROM exportcenter_reader",
            "GRANT SELECT ON contract_export TO exportcenter_reader",
            "dataset crm_contracts: permission denied",
        ),
        (
            "ALTER VIEW contract_export RENAME COLUMN phone TO mobile",
            "ALTER VIEW contract_export RENAME COLUMN mobile TO phone",
            'dataset crm_contracts: column "phone" does not exist',
        ),
        ("ALTER ROLE exportcenter_reader NOLOGIN", "ALTER ROLE exportcenter_reader LOGIN", "not permitted to log in"),
    ],
)
def test_each_fault_has_its_sentence(source, change, back, words):
    with crm.admin() as direct:
        direct.execute(change)
        try:
            with pytest.raises(external_check.SourceWrong, match=words):
                external_check.check("crm")
        finally:
            direct.execute(back)


def test_a_superuser_is_refused(source):
    with crm.alias("crm", crm.url("postgres")), pytest.raises(external_check.SourceWrong, match="is a superuser"):
        external_check.check("crm")


def test_times_without_a_zone_are_found(source, monkeypatch):
    from crm.models import Contract

    with crm.admin() as direct:
        direct.execute("GRANT SELECT ON contract TO exportcenter_reader")
        try:
            monkeypatch.setattr(Contract._meta, "db_table", "contract")
            with pytest.raises(external_check.SourceWrong, match="signed_at is a timestamp without time zone"):
                external_check.check("crm")
        finally:
            direct.execute("REVOKE SELECT ON contract FROM exportcenter_reader")


def test_a_source_that_is_away_is_said_without_its_password(source):
    with crm.alias("crm", "postgresql://reader:hidden-word@127.0.0.1:1/crm"):
        with pytest.raises(external_check.SourceWrong) as wrong:
            external_check.check("crm")
    assert "EXTERNAL_DATABASES" in str(wrong.value)
    assert "hidden-word" not in str(wrong.value)
