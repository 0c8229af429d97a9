"""Points of time in parameters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField

SHORT_PERIOD = timedelta(days=31)


def is_short(start: datetime | None, end: datetime | None) -> bool:
    """Whether a list is narrowed to a month or less, so that sorting its rows costs less than walking an index through
    everything else."""
    return start is not None and end is not None and end - start <= SHORT_PERIOD


class MomentField(IsoDateTimeField):
    """ISO 8601 → the moment in UTC. Offsets are undone here: Python takes up to 24 hours, PostgreSQL less than 16."""

    def to_python(self, value: Any) -> datetime | None:
        """None for nothing. Raises ValidationError, also for what lies beyond the calendar in UTC."""
        moment = super().to_python(value)
        try:
            return None if moment is None else moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A filter by such a moment."""

    field_class = MomentField
