"""Forms that people fill in about themselves."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import User


@cache
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every IANA time zone with an area and a place, grouped by area; UTC first."""
    areas: dict[str, list[tuple[str, str]]] = {"UTC": [("UTC", "UTC")]}
    for name in sorted(available_timezones()):
        area, slash, place = name.partition("/")
        if slash and area not in ("Etc", "SystemV", "posix", "right"):
            areas.setdefault(area, []).append((name, place.replace("_", " ")))
    return list(areas.items())


class PreferencesForm(forms.ModelForm):
    """Language and time zone of the signed-in person."""

    class Meta:
        model = User
        fields = ["language", "time_zone"]
        widgets = {"time_zone": forms.Select}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["time_zone"].widget
        assert isinstance(widget, forms.Select)
        choices = zone_choices()
        own = self.instance.time_zone
        if not any(own == name for _area, zones in choices for name, _place in zones):
            choices = [(own, [(own, own)]), *choices]  # an alias such as "PRC": keep it selectable
        widget.choices = choices
