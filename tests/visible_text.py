"""What people read on a page of HTML, as far as a machine can tell without a browser."""

import re
from html.parser import HTMLParser

SILENT = frozenset({"script", "style", "template", "svg", "code", "pre", "kbd", "textarea"})
"""Elements whose content is no prose: programs, pictures, things to copy, names of keys, what people typed."""
ZONES = frozenset({"timezone", "time_zone"})
"""Fields whose choices are the names of the time zone database."""
SPOKEN = ("title", "aria-label", "aria-description", "placeholder", "alt")
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
ICONS = "material-symbols-outlined"
CODE = re.compile(r"[\d_./@\\=+#:]")
TOKEN = re.compile(r"[A-Za-z][A-Za-z'’\-]*[A-Za-z]")
CHUNK = re.compile(r"[!-~’]+")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        foreign = bool(given.get("lang")) and tag != "html" and not str(given["lang"]).startswith("zh")
        names = tag == "select" and given.get("name") in ZONES
        silent = self._is_silent or tag in SILENT or ICONS in (given.get("class") or "") or foreign or names
        if not silent or tag == "textarea":
            self.texts += [given[name] or "" for name in SPOKEN if name in given and not foreign]
            if tag == "input" and given.get("type") in ("submit", "button", "reset"):
                self.texts.append(given.get("value") or "")
        if tag not in VOID:
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while self._open and any(name == tag for name, _silent in self._open):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._is_silent and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def _is_silent(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def texts_of(page: str) -> list[str]:
    """Text nodes and spoken attributes, without programs, icons and what is marked as another language."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.texts


def english_words(text: str) -> list[str]:
    """Words of two letters or more. What holds a digit, a dot, a slash and the like is a code, an address or a path."""
    chunks = (chunk.strip(".,:;!?()[]{}\"'<>") for chunk in CHUNK.findall(text))
    return [word for chunk in chunks if not CODE.search(chunk) for word in TOKEN.findall(chunk)]
