"""Asks the API what its document allows, and what it forbids, in several roles, and holds each answer against it.

Schemathesis makes the cases and has the checks: no 5xx, no status, header, media type or body that is not documented,
no way in without a token, nothing taken that the document forbids. Numbers of real exports, definitions and views stand
in the addresses now and then, so that more is met than what does not exist.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from tests.world import PASSWORD

ROLES = ("admin", "finance", "operator", "acme_admin", None)
"""None has not signed in."""
LEFT_OUT = {"positive_data_acceptance"}
"""What the document allows may still be refused: filters depend on the dataset, numbers on what there is."""
load_all_checks()
NAMES = [name for name in CHECKS.get_all_names() if name not in LEFT_OUT]


@dataclass
class Report:
    """What came of it.

    Attributes:
        cases: how many were asked, by role
        statuses: how often each was answered
        failures: what deviated, with the request as curl
    """

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(*, cases: int, seed: int, real: Mapping[str, list[str]]) -> Report:
    """Ask about ``cases`` things, equally many of each operation; the same ``seed`` asks the same. ``real``: name of a
    parameter → values that exist."""
    asking = _Asking(seed, real, {role: _token(role) for role in ROLES if role})
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", get_wsgi_application(), headers=_bearer(asking.tokens, "admin")
    )
    todo = [(operation, mode) for operation in _operations(schema) for mode in GenerationMode]
    each, rest = divmod(cases, len(todo))
    for number, (operation, mode) in enumerate(todo):
        examples = each + (number < rest)
        if examples:
            _ask(operation, mode, examples, asking)
    return asking.report


def _operations(schema: Any) -> Iterator[Any]:
    for result in schema.get_all_operations():
        yield result.ok()


@dataclass
class _Asking:
    """One run: the same for every operation."""

    seed: int
    real: Mapping[str, list[str]]
    tokens: dict[str, str]
    roles: Iterator[str | None] = field(default_factory=lambda: itertools.cycle(ROLES))
    report: Report = field(default_factory=Report)


def _ask(operation: Any, mode: Any, examples: int, asking: _Asking) -> None:
    real, report = asking.real, asking.report
    checks: list[Callable[..., Any]] = [CHECKS.get_one(name) for name in NAMES]
    refuses_the_wrong = CHECKS.get_one("negative_data_rejection")

    @seeded(asking.seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def ask(case: Any, data: Any) -> None:
        role = next(asking.roles)
        wrong = {place.value for place, component in case.meta.components.items() if component.mode.is_negative}
        real_path = bool(case.path_parameters)
        for place in (case.path_parameters, case.query):
            for name in place or {}:
                if name in real and data.draw(st.booleans()):
                    place[name] = data.draw(st.sampled_from(real[name]))
                elif place is case.path_parameters:
                    real_path = False
        headers = _bearer(asking.tokens, role)
        response = case.call(headers=headers)
        report.cases[role or "anonymous"] += 1
        report.statuses[response.status_code] += 1
        if role and response.status_code == 401:  # it has signed itself out
            asking.tokens[role] = _token(role)
        try:
            asked = checks
            if real_path and wrong - {"header"} == {"path"}:  # nothing is wrong with it any more
                asked = [check for check in checks if check is not refuses_the_wrong]
            case.validate_response(response, checks=asked, headers=headers)
        except FailureGroup as failure:  # all are told at the end
            report.failures.append(f"{role}: {failure}")

    try:
        ask()
    except Unsatisfiable:  # nothing about it can be wrong
        return


def _token(name: str) -> str:
    answer = Client().post(
        "/api/v1/auth/token", {"username": name, "password": PASSWORD}, content_type="application/json"
    )
    return str(answer.json()["access"])


def _bearer(tokens: Mapping[str, str], role: str | None) -> dict[str, str]:
    return {"Accept-Language": "en"} | ({"Authorization": f"Bearer {tokens[role]}"} if role else {})
