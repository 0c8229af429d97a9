"""The form of a new API token."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from accounts.models.token import LONGEST_NAME, MOST_DAYS, USUAL_DAYS
from accounts.scopes import TITLES

LIVES = (7, 30, USUAL_DAYS, 180, MOST_DAYS)
"""Days that the page offers; the API takes any number up to the last."""


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


_days_lazy = lazy(_days, str)


class TokenForm(forms.Form):
    """What it is called, what it is good for, and how long."""

    name = forms.CharField(
        label=pgettext_lazy("API token", "Name"),
        max_length=LONGEST_NAME,
        help_text=_("What uses it, such as “nightly report”."),
    )
    scopes: Any = forms.MultipleChoiceField(
        label=_("What it may do"), choices=[(str(scope), title) for scope, title in TITLES.items()]
    )
    days: Any = forms.TypedChoiceField(
        label=_("Valid for"), coerce=int, choices=[(days, _days_lazy(days)) for days in LIVES], initial=USUAL_DAYS
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= {"autocomplete": "off"}

    def boxes(self) -> list[tuple[str, Any, bool]]:
        """(scope, its words, whether it is ticked) of each scope."""
        ticked = set(self["scopes"].value() or [])
        return [(str(scope), title, str(scope) in ticked) for scope, title in TITLES.items()]
