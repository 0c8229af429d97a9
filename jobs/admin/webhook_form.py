"""The form of a webhook."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import policy
from accounts.models import User
from jobs.datasets import CUSTOM, all_datasets
from jobs.engine.states import Status
from jobs.models import Webhook
from jobs.models.webhook import Scope


class WebhookForm(forms.Form):
    """What people type in. What it means is checked by jobs.webhooks.services."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://hooks.example.com/exports"}),
        help_text=_("https only. The host must lead to public addresses."),
    )
    description = forms.CharField(
        label=_("Description"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    scope = forms.ChoiceField(
        label=_("Hears of"), choices=Scope.choices, initial=Scope.PERSON, widget=UnfoldAdminRadioSelectWidget
    )
    statuses = forms.MultipleChoiceField(
        label=_("Statuses"),
        choices=Status.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None chosen: all."),
    )
    datasets = forms.MultipleChoiceField(
        label=_("Datasets"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None chosen: all."),
    )

    def __init__(self, *args: Any, user: User, webhook: Webhook | None = None, **kwargs: Any) -> None:
        if webhook is not None:
            names = ("url", "description", "statuses", "datasets")
            kwargs["initial"] = {name: getattr(webhook, name) for name in names}
        super().__init__(*args, **kwargs)
        datasets: Any = self.fields["datasets"]
        datasets.choices = [*((one.key, one.title) for one in all_datasets()), (CUSTOM, _("Custom"))]
        if webhook is not None or not policy.may(user, policy.Action.WEBHOOK_COMPANY):
            del self.fields["scope"]  # for whom it is does not change, and most people have no choice

    def place(self, details: dict[str, Any], message: str) -> None:
        """Show what the services refuse where it was typed; what has no such place, above all of it."""
        placed = {name: words for name, words in details.items() if name in self.fields}
        for name, words in placed.items():
            self.add_error(name, words)
        if not placed:
            self.add_error(None, message)
