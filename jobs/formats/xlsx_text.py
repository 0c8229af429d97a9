"""Text in a cell of a sheet: what XML and Excel make of it, and what they must not."""

import re

MOST_UNITS = 32767
"""Excel's limit for a cell, in UTF-16 units. No text has more units than UTF-8 bytes."""

ILLEGAL = "".join(map(chr, {*range(32)} - {9, 10, 13})) + "\ufffe\uffff"
"""What XML 1.0 cannot hold, escaped or not."""

END = "</v></c>"
_KEPT, _KEPT_END = '<is><t xml:space="preserve">', "</t></is></c>"
_DROP = str.maketrans("", "", ILLEGAL)
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}[_\r])")
"""Excel reads _x0041_ as A, so such an underscore is written as _x005F_; a CR becomes _x000D_, hence the CR here."""
_NEEDS_CARE = re.compile(rf"\A\Z|\A\s|\s\Z|\r|{_LOOKS_ESCAPED.pattern}")
"""A text that is empty, begins or ends with a blank (LibreOffice would drop it), or that Excel reads as another."""


def begin(style: int) -> str:
    """A text cell up to its text, in the short form, which END closes: for text that needs no care."""
    return f'<c{_shown(style)} t="str"><v>'


def text_cell(text: str, style: int = 0, *, exact: bool = True) -> str:
    """A cell of any text. Style "Text" keeps a spreadsheet from making a formula or number of it when it is edited.

    A text is never a formula, in either form. A line in a cell ends with LF. A CR of its own is written as _x000D_,
    which Excel understands; of a CR LF it is left out unless ``exact``, because other programs show people those seven
    characters. ``is_cut`` tells a text that has lost its end.
    """
    text = text.translate(_DROP)
    if not exact:
        text = text.replace("\r\n", "\n")
    blank = ""
    if len(text) > MOST_UNITS // 2:
        units = text.encode("utf-16-le")
        if len(units) > 2 * MOST_UNITS:
            blank = " "
            text = units[: 2 * MOST_UNITS].decode("utf-16-le", "ignore")  # a pair that the border cuts goes whole
    if not blank and not _NEEDS_CARE.search(text):
        return f"{begin(style)}{_marked(text)}{END}"
    return f'<c{_shown(style)} {blank}t="inlineStr">{_KEPT}{_escaped(text)}{_KEPT_END}'


def is_cut(cell: str) -> bool:
    """Whether ``text_cell`` has left the end of its text out: it says so by a second blank."""
    return '  t="inlineStr"' in cell[:24]


def escape(text: str) -> str:
    """``text`` for an attribute in double quotes that Excel reads."""
    return _escaped(text.translate(_DROP)).replace('"', "&quot;")


def _escaped(text: str) -> str:
    return _marked(_LOOKS_ESCAPED.sub("_x005F_", text).replace("\r", "_x000D_"))


def _marked(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(style: int) -> str:
    return f' s="{style}"' if style else ""
