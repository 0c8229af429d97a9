"""What can be wrong with a row beyond what its cells say, in the reader's language (SPEC B2)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jobs.imports.reading import Problem, texts

SENTENCES: dict[str, str] = {
    "REQUIRED": gettext_noop("The cell is empty. Enter a value."),
    "TOO_LONG": gettext_noop("“%(text)s” has more than %(limit)s characters. Shorten it."),
    "OUT_OF_RANGE": gettext_noop("“%(text)s” is out of range. Allowed: %(low)s to %(high)s."),
    "TOO_PRECISE": gettext_noop("“%(text)s” has more than %(limit)s decimal places. Round it."),
    "NOT_A_CHOICE": gettext_noop("“%(text)s” is not allowed here. Allowed: %(allowed)s."),
    "NOT_YOURS": gettext_noop("You may not write “%(text)s” here. Allowed for you: %(allowed)s."),
    "NOT_AN_EMAIL": gettext_noop("“%(text)s” is no e-mail address. Write name@example.com."),
    "NOT_A_PHONE": gettext_noop("“%(text)s” is no phone number. Write 13812345678 or +86 138 1234 5678."),
    "NOT_A_TIME_ZONE": gettext_noop("“%(text)s” is no time zone. Write Asia/Shanghai."),
    "NEGATIVE": gettext_noop("“%(text)s” is less than zero."),
    "MASKED": gettext_noop("“%(text)s” is a masked value. Enter it in full, or leave the column out."),
    "NO_SUCH_ROW": gettext_noop("There is no “%(text)s” to refer to. Check the number, or import that row first."),
    "DUPLICATE": gettext_noop("“%(text)s” stands in row %(row)s already. Keep one of the two."),
    "EXISTS": gettext_noop("“%(text)s” exists already. Remove the row, or choose a mode that changes existing rows."),
    "MISSING": gettext_noop("There is no “%(text)s” to change. Check the number, or choose a mode that adds rows."),
    "TAKEN": gettext_noop("“%(text)s” is in use outside of what you may see. Use another, or ask an admin."),
    "BREAKS_RULE": gettext_noop("The values of this row do not fit together: %(rule)s."),
    "REFUSED": gettext_noop("The database refused this row (%(rule)s)."),
}
"""Code of a Problem → sentence that ends with what to do."""


def sentence(code: str, params: dict[str, Any]) -> str:
    """The problem in the language that is active now."""
    if code in texts.PROBLEMS:
        return texts.of_problem(Problem(code, params))
    return _(SENTENCES[code]) % params


def stored(column: str, problem: Problem, text: str) -> dict[str, Any]:
    """A problem as ImportRow keeps it: the column's key, or "" for the row as a whole; ``text``: what stands there."""
    return {"column": column, "code": problem.code, "params": problem.params, "text": text[:200]}
