"""Forms of the admin pages for users and roles."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.forms import zone_choices
from accounts.models import Permission, Role, User
from accounts.permission_titles import grouped
from accounts.services import name_is_taken


class GroupedCheckboxes(UnfoldAdminCheckboxSelectMultipleWidget):
    """Checkboxes in titled groups, in columns."""

    template_name = "accounts/widgets/grouped_checkboxes.html"


class _RolesMixin(forms.ModelForm):
    """A sign-in name that is free in every tenant, and the roles held."""

    held_roles = forms.ModelMultipleChoiceField(
        Role.objects.all(), label=_("Roles"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def clean_username(self) -> str:
        """Refuse a taken name here; the other tenant's row that takes it is invisible to the usual check."""
        name: str = self.cleaned_data["username"]
        if name_is_taken(name, by_other_than=self.instance if self.instance.code else None):
            raise ValidationError(_("This sign-in name is taken."), code="unique")
        return name


class UserForm(_RolesMixin):
    """An existing user."""

    class Meta:
        model = User
        fields = [
            "username",
            "display_name",
            "regions",
            "email",
            "phone",
            "department",
            "language",
            "time_zone",
            "is_active",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "display_name" in self.fields:  # people who may look but not change get a form without fields
            self.fields["display_name"].label = _("Name")
        if "held_roles" in self.fields:
            self.fields["held_roles"].initial = self.instance.roles.all()
        if "time_zone" in self.fields:
            self.fields["time_zone"].widget = UnfoldAdminSelectWidget(choices=zone_choices())
        if "regions" in self.fields:
            self.fields["regions"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})
            self.fields["regions"].help_text = _(
                "Separated by commas. Rows of these regions are visible to people without the right to all regions."
            )


class UserAddForm(_RolesMixin, UserCreationForm):
    """A new user of the current tenant."""

    class Meta:
        model = User
        fields = ["username", "display_name", "email"]
        labels = {"display_name": _("Name")}


class RoleForm(forms.ModelForm):
    """A role and its permissions."""

    granted = forms.MultipleChoiceField(label=_("Permissions"), required=False, widget=GroupedCheckboxes)

    class Meta:
        model = Role
        fields = ["key", "title"]
        help_texts = {"title": _("The English titles of built-in roles are translated when shown.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "granted" in self.fields:
            field = self.fields["granted"]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = grouped(Permission.objects.all())
            if self.instance.title:
                field.initial = sorted(self.instance.permissions.values_list("code", flat=True))

    def clean_key(self) -> str:
        """Unique among the own roles; Django's own check leaves out constraints on fields that the form lacks."""
        key: str = self.cleaned_data["key"]
        if Role.objects.filter(key=key).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This key is taken."), code="unique")
        return key
