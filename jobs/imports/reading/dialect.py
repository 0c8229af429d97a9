"""How the cells of a CSV file are kept apart, found in its first rows with quotes honoured."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

DELIMITERS = (",", ";", "\t", "|", "，")
SAMPLE = 1 << 16
"""Characters looked at, cut at the last whole line."""
SAMPLE_ROWS = 200


def sep_line(line: str) -> str:
    """The delimiter of a first line ``sep=;``, which Excel reads and does not show; "" when it is none."""
    text = line.strip('"')
    return text[4] if len(text) == 5 and text[:4].lower() == "sep=" and text[4] not in '"\0' else ""


def find_delimiter(sample: str) -> str:
    """The delimiter that cuts most rows of the sample into as many cells, more than one; a comma when none does."""
    best, best_score = ",", (0.0, False, 0)
    for delimiter in DELIMITERS:
        found = list(_widths(sample, delimiter))
        widths = Counter(found)
        if max(widths, default=0) < 2:
            continue
        width, rows = max(widths.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
        score = (rows / len(found), found[0] == width, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(sample: str, delimiter: str) -> Iterator[int]:
    lines = io.StringIO(sample, newline="")
    try:
        for _at, row in zip(range(SAMPLE_ROWS), csv.reader(lines, delimiter=delimiter), strict=False):
            if row:
                yield len(row)
    except csv.Error:  # a cell longer than the limit of the module: this delimiter leaves quotes open
        return
