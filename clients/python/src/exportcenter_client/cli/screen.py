"""What the command prints: results to stdout, everything else to stderr; a bar where somebody watches."""

import json
import shutil
import sys
import time
import unicodedata
from collections.abc import Mapping
from typing import Any, TextIO

from exportcenter_client.cli.words import Words
from exportcenter_client.errors import ApiError
from exportcenter_client.models import Arrived, Progress
from exportcenter_client.urls import hide_tokens

BAR = 24
REDRAW_EVERY = 0.1


class Screen:
    """``as_json``: results as JSON, one value per line for lists and logs."""

    def __init__(self, say: Words, *, as_json: bool, quiet: bool = False) -> None:
        self.say, self.as_json, self._quiet = say, as_json, quiet
        self._bar = _Bar(sys.stderr)

    def result(self, value: Any, text: str) -> None:
        """One result."""
        self.clear()
        print(json.dumps(value, ensure_ascii=False) if self.as_json else clean(text), flush=True)

    def note(self, english: str, **values: object) -> None:
        """Something beside the results."""
        if not self._quiet:
            self.clear()
            print(clean(self.say(english, **values)), file=sys.stderr, flush=True)

    def fault(self, fault: BaseException) -> None:
        """What went wrong, in sentences, or as JSON."""
        self.clear()
        if self.as_json:
            print(json.dumps(_described(fault), ensure_ascii=False), file=sys.stderr, flush=True)
            return
        lines = [self.say("Error: {message}", message=hide_tokens(str(fault)) or type(fault).__name__)]
        if isinstance(fault, ApiError):
            for name, sentences in fault.details.items():
                lines += [f"  {name}: {one}" for one in (sentences if isinstance(sentences, list) else [sentences])]
        if advice := getattr(fault, "advice", ""):
            lines.append(self.say("Advice: {advice}", advice=advice))
        if isinstance(fault, ApiError) and fault.docs:
            lines.append(self.say("More: {page}", page=fault.docs))
        if isinstance(fault, ApiError) and fault.request_id:
            lines.append(self.say("Request: {request}", request=fault.request_id))
        for line in lines:
            print(clean(line), file=sys.stderr, flush=True)

    def progress(self, seen: Progress) -> None:
        """How far an export is."""
        if not self._quiet:
            status = self.say(seen.status)
            text = self.say("{job}: {status} {percent}%", job=seen.job_id, status=status, percent=seen.percent)
            self._bar.show(text, seen.percent / 100, step=f"{seen.status} {seen.percent // 10}")

    def arrived(self, seen: Arrived) -> None:
        """How far a download is."""
        if not self._quiet:
            part = seen.done / seen.total if seen.total else 1.0
            text = seen.name
            if seen.files > 1:
                text = self.say("{name} ({file}/{files})", name=seen.name, file=seen.file, files=seen.files)
            self._bar.show(f"{text} {part:.0%}", part, step=f"{seen.file} {int(part * 10)}")

    def clear(self) -> None:
        """Take the bar away before something else is printed."""
        self._bar.clear()


class _Bar:
    """One line that is drawn over on a terminal; elsewhere a line per step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._step, self._drawn, self._at = stream, "", False, 0.0

    def show(self, text: str, part: float, step: str) -> None:
        new, self._step = step != self._step, step
        if not self._stream.isatty():
            if new:
                print(clean(text), file=self._stream, flush=True)
            return
        if not new and time.monotonic() - self._at < REDRAW_EVERY:
            return
        self._at, self._drawn = time.monotonic(), True
        full = round(min(1.0, max(0.0, part)) * BAR)
        room = shutil.get_terminal_size().columns - BAR - 4
        self._stream.write(f"\r\x1b[K[{'#' * full}{'.' * (BAR - full)}] {_cut(clean(text), room)}")
        self._stream.flush()

    def clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def clean(text: str) -> str:
    """Without what could steer a terminal: servers do not move our cursor."""
    return "".join(letter for letter in text if letter in "\n\t" or not unicodedata.category(letter).startswith("C"))


def table(rows: list[list[str]]) -> str:
    """Columns of equal width, as wide as they look: Chinese letters take two places."""
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    padded = [[cell + " " * (wide - _width(cell)) for cell, wide in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in padded)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cut(text: str, room: int) -> str:
    while text and _width(text) > room:
        text = text[:-1]
    return text


def _described(fault: BaseException) -> Mapping[str, Any]:
    said: dict[str, Any] = {"error": type(fault).__name__, "message": hide_tokens(str(fault))}
    for name in ("code", "status", "advice", "details", "request_id", "retry_after", "docs"):
        if value := getattr(fault, name, None):
            said[name] = value
    return said
