"""Hands and eyes on the pages of imports, and the file that the story is about."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page, expect

NEW = "/admin/imports/new/"
HEADER = ("会员号", "姓名", "手机号", "会员等级", "地区", "积分", "注册时间", "内部编号")
WRONG_PHONES = range(7, 1000, 37)
"""Positions of rows whose phone number has letters in it …"""
WRONG_LEVELS = range(11, 1000, 100)
"""… whose level nobody knows …"""
DOUBLES = (500, 700)
"""… and whose number stands higher up already."""


def members(rows: int = 1_000, *, faulty: bool = True, region: str = "华东") -> list[list[str]]:
    """Rows of a file of members, some of them faulty."""
    made = [
        [
            f"IM{number:05d}",
            f"会员{number}",
            f"1380000{number:04d}",
            "金卡",
            region,
            str(number),
            "2025-01-03 10:20",
            "x",
        ]
        for number in range(rows)
    ]
    if faulty:
        for row in _at(made, WRONG_PHONES):
            row[2] = "手机无"
        for row in _at(made, WRONG_LEVELS):
            row[3] = "青铜"
        for row in _at(made, DOUBLES):
            row[0] = made[3][0]
    return made


def _at(rows: list[list[str]], positions: Iterable[int]) -> list[list[str]]:
    return [rows[position] for position in positions if position < len(rows)]


def faulty_positions() -> set[int]:
    """Positions of the rows of ``members`` that cannot be written."""
    return {*WRONG_PHONES, *WRONG_LEVELS, *DOUBLES}


def as_csv(rows: list[list[str]], header: tuple[str, ...] = HEADER) -> bytes:
    """The rows as people's programs write them: GB18030, as Excel on a Chinese Windows does."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("gb18030")


def written(folder: Path, name: str, content: bytes) -> Path:
    """A file on the disk of the person."""
    path = folder / name
    path.write_bytes(content)
    return path


def send(page: Page, path: Path) -> None:
    """Choose the file on the page of a new import, and wait for what was found in it."""
    page.locator("#im-upload input[type=file]").set_input_files(path)
    expect(page.locator(".im-drop-name")).to_have_text(path.name)


def begin(page: Page) -> str:
    """Begin the check; the number of the import, whose page is shown then."""
    page.locator("#im-go").click()
    page.wait_for_url(re.compile(r"/admin/imports/I\d+/"))
    return re.search(r"/imports/(I\d+)/", page.url)[1]


def status(page: Page, wanted: str, *, seconds: float = 40) -> None:
    """Wait until the page of the import shows this status, without loading it."""
    expect(page.locator(".im-job .ec-detail-head")).to_have_attribute("data-status", wanted, timeout=seconds * 1000)


def figures(page: Page) -> dict[str, str]:
    """What the page says about the rows: name → number."""
    found = page.locator(".im-figure").all()
    classes = [one.get_attribute("class") or "" for one in found]
    return {
        re.search(r"im-figure-(\w+)", name)[1]: one.locator("dd").inner_text()
        for name, one in zip(classes, found, strict=True)
    }
