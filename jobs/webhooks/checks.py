"""What a webhook may say: checks of its fields, with words for who typed them in."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from exportcenter.common import egress
from exportcenter.common.errors import InvalidParameters
from jobs import datasets
from jobs.datasets import CUSTOM
from jobs.engine import kinds
from jobs.engine.states import Status
from jobs.webhooks.words import error_words

EVENTS = ("job.status",)
"""Types that webhooks may ask for."""
LONGEST_DESCRIPTION = 200
RESOLVE_SECONDS = 5.0


def check_fields(**fields: Any) -> None:
    """Raise InvalidParameters unless every field given is allowed: url, description, events, statuses, kinds, datasets.

    The host's name is looked up, so that an address that will never be sent to is refused at once.
    """
    problems: dict[str, list[str]] = {}
    choices = {"events": EVENTS, "statuses": Status.values, "kinds": known_kinds(), "datasets": known_datasets()}
    for name, allowed in choices.items():
        if name in fields and not _fine(fields[name], allowed, some=name == "events"):
            words = _("A list of these is expected: %(allowed)s.")
            problems[name] = [words % {"allowed": ", ".join(allowed)}]
    description = fields.get("description", "")
    if len(description) > LONGEST_DESCRIPTION or (description and not description.isprintable()):
        words = _("At most %(most)d printable characters are expected.")
        problems["description"] = [words % {"most": LONGEST_DESCRIPTION}]
    if "url" in fields and (problem := url_problem(fields["url"])):
        problems["url"] = [problem]
    if problems:
        raise InvalidParameters(details=problems)


def url_problem(url: str) -> str:
    """Why nothing would be sent to ``url``, in words; empty when something would."""
    try:
        egress.addresses_of(egress.target_of(url), seconds=RESOLVE_SECONDS)
    except egress.EgressError as error:
        if error.problem == egress.Problem.URL:
            return _(
                "An address such as https://hooks.example.com/path is expected: https, a host by name, the usual port, "
                "no user name, no fragment, ASCII only."
            )
        return error_words(error.problem)
    return ""


def known_kinds() -> list[str]:
    """Keys of the kinds of jobs that people know of."""
    return [kind.key for kind in kinds.all_kinds() if not kind.internal]


def known_datasets() -> list[str]:
    """Keys of the datasets, and the word for custom exports."""
    return [*(dataset.key for dataset in datasets.all_datasets()), CUSTOM]


def _fine(value: Any, allowed: Sequence[str], *, some: bool) -> bool:
    right = isinstance(value, list | tuple) and all(isinstance(one, str) and one in allowed for one in value)
    return right and (bool(value) or not some)
