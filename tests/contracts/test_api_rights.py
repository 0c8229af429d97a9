"""Every operation of the API × every role × one's own, a colleague's, another company's: the hand-written table in
data/api_rights.csv against the doors (SPEC A7, X). Which operations there are, the document says, so that none can be
left out."""

import csv
import json
from pathlib import Path

import pytest
from django.test import Client

from tests.accounts.test_matrix import PEOPLE
from tests.contracts.document import operations
from tests.contracts.rights_world import REQUESTS, WHOSE, Cell, Form, address_of
from tests.exports_helpers import ENGLISH, body_of, signed_in, undone

with open(Path(__file__).parent / "data" / "api_rights.csv", newline="") as _file:
    TABLE = {(row["operation"], row["whose"]): row for row in csv.DictReader(_file)}
NOBODYS = {"/api/v1/me/preferences/{page}", "/api/v1/datasets/{key}"}
"""Addresses with a parameter that names nothing of anybody's."""
JSON = "application/json"
ROLES = (*PEOPLE, "anonymous")


def wanted() -> set[tuple[str, str]]:
    """The lines that there must be: three for an operation on something that belongs to somebody, else one."""
    lines = set()
    for _method, path, _pattern, operation in operations():
        owned = "{" in path and path not in NOBODYS
        lines |= {(operation["operationId"], whose) for whose in (WHOSE if owned else ("-",))}
    return lines


def test_no_operation_is_left_out():
    assert sorted(wanted() - set(TABLE)) == []
    assert sorted(set(TABLE) - wanted()) == []
    assert {operation for operation, _whose in TABLE} - set(REQUESTS) == set()
    assert all(set(row) == {"operation", "whose", *ROLES} for row in TABLE.values())


@pytest.mark.parametrize("role", ROLES)
def test_doors_say_what_the_table_says(world, exports, imports, settings, role):
    settings.WEBHOOK_ALLOW_PRIVATE = True  # an address on this machine, where nobody listens
    asker = "admin" if role == "anonymous" else role
    client = Client() if role == "anonymous" else signed_in(world, PEOPLE[role])
    wrong, checked = [], 0
    for (operation, whose), row in TABLE.items():
        with undone():
            parts, body, query = REQUESTS[operation](Cell(world, exports, imports, asker, whose))
            method, address = address_of(operation, parts, query)
            form = body if isinstance(body, Form) else Form(b"" if body is None else json.dumps(body).encode(), JSON)
            answer = client.generic(method, address, form.content, content_type=form.media, **ENGLISH)
            checked += 1
            told = body_of(answer)[:200]
            if str(answer.status_code) != row[role]:
                wrong.append((operation, whose, row[role], answer.status_code, told))
    assert wrong == []
    assert checked == len(wanted())
