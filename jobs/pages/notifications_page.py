"""The page on which people choose what they hear of, and how. Works without a script."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from jobs.pages.preferences import ENDINGS, NOTIFICATIONS, get_preference, set_preference

TITLES: Mapping[str, Any] = {
    "ready": gettext_lazy("A job of mine is ready"),
    "failed": gettext_lazy("A job of mine has failed"),
    "canceled": gettext_lazy("Somebody else has canceled a job of mine"),
}
WAYS: Mapping[str, Any] = {"bell": gettext_lazy("On the bell"), "mail": gettext_lazy("By mail")}


class WishesForm(forms.Form):
    """A box for each ending and each way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for ending in ENDINGS:
            for way, title in WAYS.items():
                label = f"{TITLES[ending]}: {title}"
                self.fields[f"{way}_{ending}"] = forms.BooleanField(required=False, label=label)

    def lines(self) -> list[tuple[Any, list[BoundField]]]:
        """(what happens, its boxes) for each ending."""
        return [(TITLES[ending], [self[f"{way}_{ending}"] for way in WAYS]) for ending in ENDINGS]

    @property
    def wishes(self) -> dict[str, dict[str, bool]]:
        """What was ticked, as the preference holds it."""
        return {way: {ending: self.cleaned_data[f"{way}_{ending}"] for ending in ENDINGS} for way in WAYS}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notification_settings(request: HttpRequest) -> HttpResponse:
    """Which ends of jobs ring the bell, and which are told by mail."""
    user = cast(User, request.user)
    if request.method == "POST":
        form = WishesForm(request.POST)
        if form.is_valid():
            set_preference(page=NOTIFICATIONS, value=form.wishes, actor=user)
            messages.success(request, _("Your preferences are saved."))
            return redirect("account_notifications")
    else:
        chosen = get_preference(page=NOTIFICATIONS, user_id=user.pk)
        form = WishesForm(initial={f"{way}_{ending}": chosen[way][ending] for way in WAYS for ending in ENDINGS})
    return render(request, "jobs/pages/notifications.html", {"form": form, "ways": WAYS.values()})
