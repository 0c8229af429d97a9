"""HTML as a tree, without anybody's library: what stands in a page, and what a browser would make of it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source"})
DRAWN = frozenset({"path", "circle", "rect", "line", "polyline", "polygon", "use", "stop", "ellipse"})


class Element:
    """One element; ``text`` is everything said inside it."""

    def __init__(self, tag: str, attrs: dict[str, str], parent: "Element | None") -> None:
        self.tag, self.attrs, self.parent = tag, attrs, parent
        self.children: list[Element | str] = []

    def walk(self) -> Iterator["Element"]:
        """This element and everything in it, in the order of the text."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str = "", **attrs: Any) -> list["Element"]:
        """Elements inside of this tag and these attributes (data_job="E1", classes="ec-row"; None: it is not there)."""
        return [one for one in self.walk() if one is not self and one.fits(tag, attrs)]

    def one(self, tag: str = "", **attrs: Any) -> "Element":
        """The only one; fails when there is another, or none."""
        (found,) = self.all(tag, **attrs)
        return found

    def fits(self, tag: str, attrs: dict[str, Any]) -> bool:
        """Whether it is of this tag and these attributes; True stands for any value."""
        for key, wanted in attrs.items():
            if key == "classes":
                if wanted not in self.attrs.get("class", "").split():
                    return False
            else:
                there = self.attrs.get(key.rstrip("_").replace("_", "-"))
                if (there is None) if wanted is True else there != wanted:
                    return False
        return tag in ("", self.tag)

    @property
    def text(self) -> str:
        """Of it and everything inside, blanks folded; without the names of icons."""
        return " ".join(self._said().split())

    @property
    def raw(self) -> str:
        """The text as it stands."""
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    def _said(self) -> str:
        if "ec-icon" in self.attrs.get("class", "").split():
            return " "
        return "".join(child if isinstance(child, str) else f" {child._said()} " for child in self.children)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self._at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(element)
        if tag not in VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.children.append(Element(tag, {name: value or "" for name, value in attrs}, self._at))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID | DRAWN:
            return
        element: Element | None = self._at
        while element is not None and element.tag != tag:
            element = element.parent
        if element is not None:
            self._at = element.parent or self.root

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)


def read(response: Any) -> Element:
    """The root of a response, or of a text."""
    reader = _Reader()
    reader.feed(response if isinstance(response, str) else response.content.decode())
    reader.close()
    return reader.root
