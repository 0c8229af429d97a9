"""Any text goes into an xlsx cell and comes back, or is cut where Excel would refuse it."""

from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from jobs.formats.xlsx_text import is_cut, text_cell
from jobs.records.models import Member
from tests.jobs.formats.test_csv import add
from tests.jobs.formats.test_xlsx import legal, load, notes, write

EMOJI = "😀"


PAYLOADS = [
    "", " ", "  two  blanks ", "a\nb", "a\r\nb", "a\rb", "\r", '"quoted"', "'", "<b>&amp;</b>", "]]>", "&lt;",
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "_x0041_", "_x005F_x0041_", "_x0041_x0042_", "_x0041\r",
    "_x00\x0141_", "_\ufffex0041_", "_x000\r", "_X0041_", "_xZZZZ_", "__x000D_", "a_b", EMOJI,
    "\u200fعربي\u202e", "é\u0301",
    "\x01\x02\x08\x0b\x0c\x0e\x1f", "\ufffe\uffff\ufffd", "￥１２", "\x7f\x85\u2028", "%s %(x)s %%", "\\n",
]  # fmt: skip


def test_texts_come_back(world):
    with world.scope("admin"):
        for text in PAYLOADS:
            add(text)
        content, written = write(world, "admin", columns=["note"])
        raw, _written = write(world, "admin", columns=["note"], raw=True)
    assert notes(raw) == [legal(text) for text in PAYLOADS]
    assert notes(content) == [legal(text).replace("\r\n", "\n") for text in PAYLOADS]
    assert written.cut_cells == 0
    load(content)


@pytest.mark.parametrize(
    ("text", "kept", "cut"),
    [
        ("x" * 40_000, "x" * 32_767, 1),
        ("x" * 32_767, "x" * 32_767, 0),
        ("中" * 32_767, "中" * 32_767, 0),
        ("中" * 32_768, "中" * 32_767, 1),
        (EMOJI * 16_383 + "x", EMOJI * 16_383 + "x", 0),
        (EMOJI * 16_384, EMOJI * 16_383, 1),
        ("x" + EMOJI * 16_383, "x" + EMOJI * 16_383, 0),
        ("&" * 40_000, "&" * 32_767, 1),
        ("\x01" * 10 + "x" * 32_767, "x" * 32_767, 0),
        ("_x0041_" * 6_000 + "\r", ("_x0041_" * 6_000)[:32_767], 1),
    ],
)
def test_long_text_is_cut_at_the_limit_and_counted(world, text, kept, cut):
    with world.scope("admin"):
        add(text)
        add("short")
        content, written = write(world, "admin", columns=["note"])
    assert notes(content) == [kept, "short"]
    assert written.cut_cells == cut


def test_nobody_can_forge_the_count_of_cut_texts(world):
    with world.scope("admin"):
        add('<c s="6"  t="inlineStr">' * 1000)
        _content, written = write(world, "admin", columns=["note"])
    assert written.cut_cells == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
        | st.text(st.sampled_from("_x0041D\r\n\x01&<>\ufffe "), max_size=20),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_comes_back(world, texts):
    with world.scope("admin"):
        Member.objects.all().delete()
        for text in texts:
            add(text)
        content, _written = write(world, "admin", columns=["note"])
        raw, _written = write(world, "admin", columns=["note"], raw=True)
    assert notes(raw) == [legal(text) for text in texts]
    assert notes(content) == [legal(text).replace("\r\n", "\n") for text in texts]
    for text in texts:  # headings and labels are escaped in Python: the same rules
        assert unescape("".join(ElementTree.fromstring(text_cell(text)).itertext())) == legal(text)


def test_ordinary_text_takes_the_short_form_and_any_other_keeps_its_blanks():
    assert text_cell("a & b\nc", 6) == '<c s="6" t="str"><v>a &amp; b\nc</v></c>'
    for text in ("", " a", "a\t", "\na", "a\r", "_x0041_"):
        assert text_cell(text).startswith('<c t="inlineStr"><is><t xml:space="preserve">'), text
    assert text_cell("a_xyz_x41_") == '<c t="str"><v>a_xyz_x41_</v></c>'


def test_a_text_that_has_lost_its_end_says_so():
    assert is_cut(text_cell("x" * 32_768, 6))
    assert is_cut(text_cell(EMOJI * 16_384))
    assert text_cell(EMOJI * 16_384).count(EMOJI) == 16_383
    for text in ("x" * 32_767, EMOJI * 16_383 + "x", '<c s="6"  t="inlineStr">' * 1000, "  t"):
        assert not is_cut(text_cell(text, 6))
