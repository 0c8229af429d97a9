"""Which column of the file is which of the dataset: guessed from headings, remembered per person (SPEC B1)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets import Dataset, Mode
from jobs.datasets.importing import COMMON_SYNONYMS
from jobs.imports.fields import Field, importing_of
from jobs.imports.reading import Column
from jobs.models import ImportMapping

_NOISE = re.compile(r"[\W_]+")
_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
LABEL = 100
"""Characters of a heading that are remembered."""


def normalised(label: str) -> str:
    """A heading without case, width, spaces, marks and remarks in brackets: “手机号（必填）*” and “手机号” are one."""
    folded = unicodedata.normalize("NFKC", label).casefold()
    return (_NOISE.sub("", _BRACKETS.sub("", folded)) or _NOISE.sub("", folded))[:LABEL]


def names_of(dataset: Dataset, field: Field) -> set[str]:
    """Every heading, normalised, that means the field."""
    synonyms = (*importing_of(dataset).synonyms.get(field.key, ()), *COMMON_SYNONYMS.get(field.key, ()))
    words = [field.key, field.target, *synonyms]
    for language, _name in settings.LANGUAGES:
        with override(language):
            words += [str(field.column.title), str(field.model_field.verbose_name)]
    return {normalised(word) for word in words}


def guess(header: Sequence[Column], dataset: Dataset, fields: Mapping[str, Field], *, owner: User) -> dict[int, str]:
    """Position → key of a field, as far as headings say it. What the person chose the last time goes first; each
    field is given once, to the first column that fits. Fields of ``fields`` alone are given."""
    remembered = dict(
        ImportMapping.objects.filter(owner_id=owner.pk, dataset=dataset.key).values_list("label", "column")
    )
    names: dict[str, str] = {}
    for key, field in fields.items():
        for name in names_of(dataset, field):
            names.setdefault(name, key)
    found: dict[int, str] = {}
    for known in (remembered, names):
        for column in header:
            label = normalised(column.label)
            if not label or column.position in found or (known is names and label in remembered):
                continue
            key = known.get(label, "")
            if key in fields and key not in found.values():
                found[column.position] = key
    return dict(sorted(found.items()))


def check(
    mapping: Mapping[int, str], header: Sequence[Column], fields: Mapping[str, Field], *, dataset: Dataset, mode: Mode
) -> dict[int, str]:
    """The mapping, in order. Raises InvalidParameters (400) that names what is unknown, given twice or missing."""
    words: list[str] = []
    for position, key in mapping.items():
        if not 0 <= position < len(header):
            words.append(_("The file has no column number %(number)d.") % {"number": position + 1})
        if key not in fields:
            words.append(
                _("“%(key)s” is no column that can be written here. Allowed: %(allowed)s.")
                % {"key": key[:60], "allowed": ", ".join(fields)}
            )
    given = list(mapping.values())
    words += [
        _("“%(title)s” is given by two columns of the file. Leave one out.") % {"title": fields[key].column.title}
        for key, times in Counter(given).items()
        if times > 1 and key in fields
    ]
    missing = [str(field.column.title) for field in missing_from(given, fields, dataset=dataset, mode=mode)]
    if missing:
        titles = pgettext("between items of a list", ", ").join(missing)
        words.append(_("Columns are missing: %(titles)s.") % {"titles": titles})
    if not words and mode is Mode.UPDATE and len(given) < 2:
        words.append(_("Beside the key, the file needs a column that is to be changed."))
    if words:
        raise InvalidParameters(details={"mapping": words})
    return dict(sorted(mapping.items()))


def missing_from(given: Iterable[str], fields: Mapping[str, Field], *, dataset: Dataset, mode: Mode) -> list[Field]:
    """Fields without which no row can be written in this mode."""
    have = set(given)
    key = importing_of(dataset).key
    return [
        field
        for name, field in fields.items()
        if name not in have and (name == key or (field.required and mode is not Mode.UPDATE))
    ]


def remember(mapping: Mapping[int, str], header: Sequence[Column], *, dataset: Dataset, owner: User) -> None:
    """Keep what the person chose for each heading; headings that were left out stay left out. Of columns with the same
    heading, the first that was not left out counts."""
    chosen: dict[str, str] = {}
    for column in header:
        if label := normalised(column.label):
            chosen[label] = chosen.get(label) or mapping.get(column.position, "")
    ImportMapping.objects.bulk_create(
        [
            ImportMapping(owner_id=owner.pk, dataset=dataset.key, label=label, column=key, used_at=Now())
            for label, key in chosen.items()
        ],
        update_conflicts=True,
        unique_fields=["tenant", "owner_id", "dataset", "label"],
        update_fields=["column", "used_at"],
    )
