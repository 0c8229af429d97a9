"""Shapes of values that pages store: small checks that say where something is wrong, and what is allowed there."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _

Problem = tuple[str, str]
"""(place, what is allowed there)."""
Check = Callable[[Any, str], Iterator[Problem]]
"""Given a value and its place ("value.columns.0.key"), yields what is wrong with it."""


def yes_no(value: Any, place: str) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield place, _("Allowed: %(allowed)s.") % {"allowed": "true, false"}


def text(most: int) -> Check:
    """1 to ``most`` printable characters."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
            yield place, _("1 to %(most)d printable characters are expected.") % {"most": most}

    return check


def number(least: int, most: int) -> Check:
    """A whole number from ``least`` to ``most``."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            words = _("A whole number from %(least)d to %(most)d is expected.")
            yield place, words % {"least": least, "most": most}

    return check


def one_of(*words: str) -> Check:
    """One of ``words``."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if value not in words:
            yield place, _("Allowed: %(allowed)s.") % {"allowed": ", ".join(words)}

    return check


def or_null(inner: Check) -> Check:
    """Null, or what ``inner`` allows."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if value is not None:
            yield from inner(value, place)

    return check


def list_of(inner: Check, *, most: int, unique: Callable[[Any], Any]) -> Check:
    """A list of at most ``most`` items; ``unique``: what no two right items may have in common."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, list) or len(value) > most:
            yield place, _("A list of at most %(most)d items is expected.") % {"most": most}
            return
        wrong = [problem for number, item in enumerate(value) for problem in inner(item, f"{place}.{number}")]
        yield from wrong
        if not wrong and len({unique(item) for item in value}) < len(value):
            yield place, _("Two items of the list are the same.")

    return check


def record(*, whole: bool, **fields: Check) -> Check:
    """An object with fields of these names only; ``whole``: with all of them."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield place, _("A JSON object is expected.")
            return
        for name in value:
            if name not in fields:
                words = _("There is no such field. Allowed: %(allowed)s.")
                yield f"{place}.{name[:100]}", words % {"allowed": ", ".join(fields)}
        for name, inner in fields.items():
            if name in value:
                yield from inner(value[name], f"{place}.{name}")
            elif whole:
                yield f"{place}.{name}", _("This field is required.")

    return check
