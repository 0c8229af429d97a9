"""Checks of what bodies of requests for exports hold, beside the general ones."""

from typing import Any

from django.utils.translation import gettext as _

HIGHEST_VERSION = 2**31 - 1


def is_use_count(value: Any) -> str:
    """How often a link may be used, or null."""
    fine = value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000)
    return "" if fine else _("A whole number from 1 to %(most)d is expected.") % {"most": 1000}


def is_version(value: Any) -> str:
    """The number of a version."""
    fine = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_VERSION
    return "" if fine else _("A whole number from 1 to %(most)d is expected.") % {"most": HIGHEST_VERSION}
