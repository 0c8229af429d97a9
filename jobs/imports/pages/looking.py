"""The second step of a new import: what the file was found to be, its first rows, and which column is which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets import Dataset, Mode
from jobs.imports import files, mapping
from jobs.imports.fields import Field, fields_of, hidden_columns
from jobs.imports.files import Glance
from jobs.imports.reading import Column, shown
from jobs.imports.reading.errors import UnreadableFile
from jobs.imports.reading.values import to_ascii
from jobs.models import ImportFile

SAMPLES = 3
CELL = 80
"""Characters of a cell that are shown."""
TAB = "tab"
"""How the address writes the delimiter that nobody can see."""
KINDS = {"csv": "CSV", "tsv": "TSV", "xlsx": "Excel", "json": "JSON", "ndjson": "JSON Lines"}
ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("gb18030", "GB18030 / GBK"),
    ("big5", "Big5"),
    ("utf-16-le", "UTF-16 LE"),
    ("utf-16-be", "UTF-16 BE"),
    ("shift_jis", "Shift_JIS"),
    ("euc_kr", "EUC-KR"),
    ("cp1252", "Windows-1252"),
)
DELIMITERS: tuple[tuple[str, Any], ...] = (
    (",", gettext_lazy("comma ,")),
    (";", gettext_lazy("semicolon ;")),
    (TAB, gettext_lazy("tab")),
    ("|", gettext_lazy("bar |")),
)
NAMES = ("encoding", "delimiter", "sheet", "header_row")
"""What a person can set by hand, as the address names it."""


@dataclass(frozen=True)
class Option:
    """One of several."""

    value: str
    title: Any
    chosen: bool


@dataclass(frozen=True)
class Line:
    """A column of the file, and the dataset's column that it is."""

    position: int
    letter: str
    label: str
    samples: list[str]
    options: list[Option]
    chosen: bool


@dataclass
class Look:
    """What is shown of a file.

    Attributes:
        error: why it cannot be read in this way; nothing else is known then
        fault: why reading ended before the end of the preview
        missing: titles of columns without which no row can be written
        hidden: titles of columns that others could write, but not this person
        problems: what is wrong with the choices of the address
    """

    kept: ImportFile
    kind: str = ""
    found: str = ""
    encodings: list[Option] = field(default_factory=list)
    delimiters: list[Option] = field(default_factory=list)
    sheets: list[Option] = field(default_factory=list)
    header_row: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    error: UnreadableFile | None = None
    fault: UnreadableFile | None = None
    lines: list[Line] = field(default_factory=list)
    required: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def choices_from(query: Mapping[str, str]) -> dict[str, Any]:
    """How the file shall be read, out of an address or a form. Raises InvalidParameters (400)."""
    chosen: dict[str, Any] = {name: query[name] for name in NAMES if query.get(name)}
    if chosen.get("delimiter") == TAB:
        chosen["delimiter"] = "\t"
    if "header_row" in chosen:
        text = to_ascii(chosen["header_row"]).strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 4):
            raise InvalidParameters(details={"header_row": [_("The row of the headings is a number from 0 to 1000.")]})
        chosen["header_row"] = int(text)
    files.choices_of(chosen)
    return chosen


def look_into(
    kept: ImportFile,
    query: Mapping[str, str],
    viewer: User,
    *,
    dataset: Dataset | None,
    mode: Mode | None,
    sent: Mapping[int, str] | None,
) -> Look:
    """Read the beginning of the file; ``sent``: the mapping as a person has just sent it, instead of a guess."""
    look = Look(kept)
    try:
        choices = choices_from(query)
    except InvalidParameters as error:
        choices = {}
        look.problems = [sentence for sentences in error.details.values() for sentence in sentences]
    try:
        glance = files.glance(kept, files.choices_of(choices))
    except UnreadableFile as error:
        look.error = error
        look.encodings = _encodings("", str(choices.get("encoding", "")))
        return look
    _tell(look, glance, choices)
    if dataset is not None and mode is not None:
        _map(look, glance, viewer, dataset=dataset, mode=mode, sent=sent)
    return look


def _tell(look: Look, glance: Glance, choices: dict[str, Any]) -> None:
    facts = glance.facts
    look.kind = KINDS.get(facts.kind, facts.kind)
    if facts.encoding:
        look.encodings = _encodings(facts.encoding, str(choices.get("encoding", "")))
        look.found = _how(facts.encoding_by)
    if facts.kind == "csv":
        here = TAB if facts.delimiter == "\t" else facts.delimiter
        known = list(DELIMITERS) if here in dict(DELIMITERS) else [*DELIMITERS, (here, here)]
        look.delimiters = [Option(value, title, value == here) for value, title in known]
    look.sheets = [Option(one.name, one.name, one.name == facts.sheet) for one in facts.sheets]
    look.header_row = str(facts.header_row) if facts.kind in ("csv", "tsv", "xlsx") else ""
    look.header = [column.label or column.letter for column in facts.header]
    look.rows = [(row.number, [_cut(shown(cell)) for cell in row.cells[: len(facts.header)]]) for row in glance.rows]
    look.fault = glance.fault


def _encodings(here: str, chosen: str) -> list[Option]:
    known = list(ENCODINGS) if not here or here in dict(ENCODINGS) else [*ENCODINGS, (here, here.upper())]
    return [
        Option("", _("Find out"), not chosen and not here),
        *(Option(value, title, value == (here or chosen)) for value, title in known),
    ]


def _how(by: str) -> str:
    """How sure the encoding is."""
    return {
        "bom": _("said by the file's own mark"),
        "utf-8": _("certain"),
        "gb18030": _("likely"),
        "guess": _("a guess: look at the rows"),
        "chosen": _("chosen by you"),
    }.get(by, "")


def _map(
    look: Look, glance: Glance, viewer: User, *, dataset: Dataset, mode: Mode, sent: Mapping[int, str] | None
) -> None:
    fields = fields_of(dataset, viewer=viewer, mode=mode, zone=viewer.zone)
    header = glance.facts.header
    given = mapping.guess(header, dataset, fields, owner=viewer) if sent is None else sent
    look.lines = [_line(column, given.get(column.position, ""), fields, glance.rows) for column in header]
    needed = mapping.missing_from([], fields, dataset=dataset, mode=mode)
    look.required = [(one.key, str(one.column.title)) for one in needed]
    missing = mapping.missing_from(given.values(), fields, dataset=dataset, mode=mode)
    look.missing = [str(one.column.title) for one in missing]
    look.hidden = [str(one.title) for one in hidden_columns(dataset, viewer=viewer, mode=mode)]


def _line(column: Column, key: str, fields: Mapping[str, Field], rows: Sequence[Any]) -> Line:
    cells = [shown(row.cells[column.position]) for row in rows if column.position < len(row.cells)]
    return Line(
        position=column.position,
        letter=column.letter,
        label=column.label,
        samples=list(dict.fromkeys(_cut(cell) for cell in cells if cell))[:SAMPLES],
        options=[Option(name, _titled(each), name == key) for name, each in fields.items()],
        chosen=key in fields,
    )


def _titled(each: Field) -> str:
    return f"{each.column.title} *" if each.required else str(each.column.title)


def _cut(text: str) -> str:
    return text if len(text) <= CELL else f"{text[:CELL]}…"
