"""What a typed file refuses."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.rendering.values import kind_of

ALLOWED = {
    Kind.INTEGER: gettext_noop("whole numbers from -9223372036854775808 to 9223372036854775807"),
    Kind.MONEY: gettext_noop("amounts with up to 34 digits before the decimal point and 2 behind it"),
    Kind.NUMBER: gettext_noop("numbers up to 1.79e308"),
    Kind.DATE: gettext_noop("every day, but not infinity"),
    Kind.DATETIME: gettext_noop("times up to the year 294246, but not infinity"),
}
"""What a column of the kind can hold. Whatever else there is holds all that PostgreSQL can."""


class UnfitValue(InvalidParameters):
    """A column holds a value that its type in the file cannot. No file is made: nothing is lost without a word."""

    def __init__(self, column: BoundColumn) -> None:
        sentence = _("“%(column)s” holds a value that a Parquet file cannot hold. Allowed: %(allowed)s.") % {
            "column": column.title or column.key,
            "allowed": _(ALLOWED[kind_of(column)]) if kind_of(column) in ALLOWED else "UTF-8",
        }
        advice = _("Leave this column out, or choose another file type.")
        super().__init__(f"{sentence} {advice}", advice=advice, details={"columns": [f"{sentence} {advice}"]})
