"""Cells of a sheet as SQL text expressions. None of them is ever NULL: one NULL would swallow the whole row."""

from jobs.formats.csv import quote, utc
from jobs.formats.xlsx_parts import DATE, DATETIME, ILLEGAL, LOOKS_ESCAPED, MOST_UNITS, TEXT, text_cell

EMPTY = "'<c/>'"
CUT = f'<c s="{TEXT}"  t="inlineStr">'
"""A cell whose text was cut says so by its second blank; text itself cannot hold a "<", so this can be counted."""

EPOCH_DAYS, LATE_EPOCH_DAYS = 25569, 25569.00000000001
"""Days from 1899-12-30 to 1970-01-01."""

_WHOLE = f'<c s="{TEXT}" t="inlineStr">'
_OPEN = '<is><t xml:space="preserve">'
_CLOSE = "'</t></is></c>'"
_CR = "E'\\r'"
_ASTRAL = r"[\U00010000-\U0010FFFF]"
_ILLEGAL = "E'" + "".join(f"\\u{ord(character):04X}" for character in ILLEGAL if character != "\0") + "'"

_MOST_WHOLE = 10**15 - 1
"""Numbers of more than 15 digits lose digits in a spreadsheet."""
_MOST_MONEY = "9999999999999.99"


def text(x: str, *, exact: bool) -> str:
    """Text of any content, length and origin. Style TEXT: editing the cell makes no formula and no number of it.

    Controls that XML cannot hold may be left in: the writer drops them from the finished block, which costs less.
    Where an underscore could begin an escape they go first, or dropping them could build one.

    A line in a cell ends with LF. A CR of its own is written as _x000D_, which Excel understands; of a CR LF it is
    left out unless ``exact``, because other programs show people those seven characters.
    """
    legal = _legal(x) if exact else f"replace({_legal(x)}, E'\\r\\n', E'\\n')"
    return (
        f"coalesce(CASE WHEN octet_length({x}) > {MOST_UNITS} THEN {_long(legal)} "
        f"WHEN strpos({x}, '_') > 0 OR strpos({x}, {_CR}) > 0 "
        f"THEN {quote(_WHOLE + _OPEN)} || {_safe(legal)} || {_CLOSE} "
        f"ELSE {quote(_WHOLE + _OPEN)} || {_escaped(x)} || {_CLOSE} END, {EMPTY})"
    )


def whole_number(x: str, style: int) -> str:
    """An integer."""
    return _number(x, style, f"{x} BETWEEN -{_MOST_WHOLE} AND {_MOST_WHOLE}")


def money(x: str, style: int) -> str:
    """A number with two decimals. NaN and the infinities are beyond every border, so they become text, too."""
    return _number(x, style, f"{x} BETWEEN -{_MOST_MONEY} AND {_MOST_MONEY}")


def number(x: str, style: int) -> str:
    """A number with any decimals. 16 characters within the border hold a sign or a point, so at most 15 digits."""
    digits = f"ltrim(translate(rtrim(split_part({x}::text, 'e', 1), '0'), '-.', ''), '0')"
    fits = f"(octet_length({x}::text) <= 16 OR length({digits}) <= 15)"
    return _number(x, style, f"{x} BETWEEN -{_MOST_WHOLE} AND {_MOST_WHOLE} AND {fits}")


def choice(x: str, labels: tuple[tuple[str, str], ...], *, exact: bool) -> str:
    """A code as its label; an unknown code as itself."""
    cases = " ".join(f"WHEN {quote(code)} THEN {quote(text_cell(label))}" for code, label in labels)
    other = text(f"{x}::text", exact=exact)
    return f"CASE {x}::text {cases} ELSE {other} END" if labels else other


def boolean(x: str, yes: str, no: str) -> str:
    """One of two given cells."""
    return f"CASE WHEN {x} THEN {quote(yes)} WHEN NOT {x} THEN {quote(no)} ELSE {EMPTY} END"


def date(x: str) -> str:
    """Days since 1899-12-30. Excel knows a 1900-02-29, so days before March are one off: they become text."""
    x = f"{x}::date"
    return (
        f"""coalesce(CASE WHEN {x} BETWEEN '1900-03-01' AND '9999-12-31' THEN '<c s="{DATE}"><v>' || """
        f"({x} - DATE '1899-12-30') || '</v></c>' ELSE {_plain(x)} END, {EMPTY})"
    )


def datetime(x: str, zone: str) -> str:
    """The wall clock of ``zone``, down to the second: as days since 1899-12-30.

    Two roads: within the borders of the first a float holds every microsecond; the second looks closer. LibreOffice
    shows one of twenty times between 1942 and 1997 a second early, so those are a microsecond late.
    """
    local = f"({x} AT TIME ZONE {quote(zone)})"
    second = f"date_trunc('second', {local})"
    epoch = f"CASE WHEN {x} < '2000-01-01 00:00Z' THEN {LATE_EPOCH_DAYS} ELSE {EPOCH_DAYS} END"
    return (
        f"coalesce(CASE WHEN {x} BETWEEN '2000-01-01 00:00Z' AND '2200-01-01 00:00Z' THEN {_serial(local, EPOCH_DAYS)} "
        f"WHEN {second} BETWEEN '1900-03-01' AND '9999-12-31 23:59:59' THEN {_serial(second, epoch)} "
        f"ELSE {_plain(second)} END, {EMPTY})"
    )


def iso_date(x: str) -> str:
    """A date as text for machines."""
    return f"coalesce({_plain(f'{x}::date')}, {EMPTY})"


def iso_datetime(x: str) -> str:
    """A moment in UTC with its microseconds, as text for machines."""
    return f"coalesce({_plain(f'({utc(x)})')}, {EMPTY})"


def _serial(local: str, epoch: object) -> str:
    moment = f"floor(date_part('epoch', {local})) / 86400 + {epoch}"
    return f"""'<c s="{DATETIME}"><v>' || ({moment}) || '</v></c>'"""


def _number(x: str, style: int, fits: str) -> str:
    shown = f' s="{style}"' if style else ""
    return f"coalesce(CASE WHEN {fits} THEN '<c{shown}><v>' || {x} || '</v></c>' ELSE {_plain(x)} END, {EMPTY})"


def _plain(x: str) -> str:
    """Text that needs no escapes."""
    return f"{quote(_WHOLE + _OPEN)} || {x}::text || {_CLOSE}"


def _legal(x: str) -> str:
    return f"translate({x}, {_ILLEGAL}, '')"


def _escaped(x: str) -> str:
    return f"replace(replace(replace({x}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"


def _safe(x: str) -> str:
    marked = f"regexp_replace({x}, {quote(LOOKS_ESCAPED)}, '_x005F_', 'g')"
    return _escaped(f"replace({marked}, {_CR}, '_x000D_')")


def _long(legal: str) -> str:
    """Text that may be too long. A \\1 after each character that counts twice makes length() and left() count alike;
    a pair that the border cuts apart goes whole."""
    pairs = f"regexp_replace(s, '({_ASTRAL})', E'\\\\1\\x01', 'g')"
    kept = f"translate(regexp_replace(left(w, {MOST_UNITS}), '{_ASTRAL}$', ''), E'\\x01', '')"
    return (
        f"(SELECT CASE WHEN length(w) > {MOST_UNITS} "  # noqa: S608 - constants, but for the declared column
        f"THEN {quote(CUT + _OPEN)} || {_safe(kept)} || {_CLOSE} "
        f"ELSE {quote(_WHOLE + _OPEN)} || {_safe('s')} || {_CLOSE} END "
        f"FROM (SELECT s, {pairs} AS w FROM (SELECT {legal} AS s) given) wide)"
    )
