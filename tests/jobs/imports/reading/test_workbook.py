"""Workbooks: what each kind of cell becomes, and what openpyxl writes and reads is what we read."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.imports.reading import ErrorCell, Fault, Moment, Number, Sheet, sharedtexts, shown, values
from jobs.imports.reading.numberformats import Shows, moment_of, shows
from jobs.imports.reading.opening import of_source
from jobs.imports.reading.table import Choices
from tests.jobs.imports.reading.conftest import labels
from tests.jobs.imports.reading.workbooks import MAIN, OFFICE, of_rows, packed, parts, saved, workbook

STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>'
    '<numFmt numFmtId="165" formatCode="[Red]0.00&quot; days&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/>'
    '<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/><xf numFmtId="46"/></cellXfs>'
)


def cell_of(opened, xml, **more):
    """What one cell in A2 becomes."""
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>h</t></is></c></row>'
    table = opened(workbook(f'{head}<row r="2">{xml}<c r="B2"><v>1</v></c></row>', styles=STYLES, **more))
    return next(table.rows()).cells[0]


@pytest.mark.parametrize(
    ("xml", "cell"),
    [
        ('<c r="A2"><v>1</v></c>', Number("1")),
        ('<c r="A2" t="n"><v> -1.5E3 </v></c>', Number("-1.5E3")),
        ('<c r="A2"><v>123456789012345</v></c>', Number("123456789012345")),
        ('<c r="A2"><v>123456789012345678</v></c>', Number("123456789012345678", True)),
        ('<c r="A2"><v>1.2345678901234501E17</v></c>', Number("1.2345678901234501E17", True)),
        ('<c r="A2"><v>0.30000000000000004</v></c>', Number("0.30000000000000004")),
        ('<c r="A2"><v>1E999999</v></c>', ErrorCell("BAD_NUMBER", "1E999999")),
        ('<c r="A2"><v>abc</v></c>', ErrorCell("BAD_NUMBER", "abc")),
        ('<c r="A2" t="b"><v>1</v></c>', True),
        ('<c r="A2" t="b"><v>0</v></c>', False),
        ('<c r="A2" t="e"><v>#N/A</v></c>', ErrorCell("CELL_ERROR", "#N/A")),
        ('<c r="A2" t="inlineStr"><is><t> 00123 </t></is></c>', " 00123 "),
        ('<c r="A2" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>x</t></rPh></is></c>', "ab"),
        ('<c r="A2" t="inlineStr"><is><t>a_x000D_b_x4E00_</t></is></c>', "a\rb一"),
        ('<c r="A2" t="inlineStr"><is><t>a_x0000_</t></is></c>', ErrorCell("BAD_TEXT", "a\ufffd")),
        ('<c r="A2" t="str"><f>A1&amp;"x"</f><v>hx</v></c>', "hx"),
        ('<c r="A2" t="str"><f>""</f><v></v></c>', None),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', Number("2")),
        ('<c r="A2"><f>1+1</f></c>', ErrorCell("NO_CACHED_VALUE", "=1+1")),
        ('<c r="A2"><f>1+1</f><v/></c>', ErrorCell("NO_CACHED_VALUE", "=1+1")),
        ('<c r="A2" t="s"><v>1</v></c>', "zwei"),
        ('<c r="A2" s="1"/>', None),
        ('<c r="A2" s="1"><v>45000</v></c>', Moment("2023-03-15", "45000")),
        ('<c r="A2" s="1"><v>45000.5</v></c>', Moment("2023-03-15T12:00:00", "45000.5")),
        ('<c r="A2" s="2"><v>45000</v></c>', Moment("2023-03-15T00:00:00", "45000")),
        ('<c r="A2" s="3"><v>45000</v></c>', Moment("2023-03-15", "45000")),
        ('<c r="A2" s="4"><v>45000</v></c>', Number("45000")),
        ('<c r="A2" s="5"><v>0.75</v></c>', Moment("18:00:00", "0.75")),
        ('<c r="A2" s="6"><v>1.5</v></c>', Number("1.5")),
        ('<c r="A2" s="1"><v>60</v></c>', ErrorCell("BAD_DATE", "60")),
        ('<c r="A2" s="1"><v>59</v></c>', Moment("1900-02-28", "59")),
        ('<c r="A2" s="1"><v>61</v></c>', Moment("1900-03-01", "61")),
        ('<c r="A2" s="1"><v>-1</v></c>', ErrorCell("BAD_DATE", "-1")),
        ('<c r="A2" s="1"><v>1E9</v></c>', ErrorCell("BAD_DATE", "1E9")),
        ('<c r="A2" s="999"><v>5</v></c>', Number("5")),
        ('<c r="A2" t="d"><v>2025-01-03T10:00:00Z</v></c>', Moment("2025-01-03T10:00:00", "2025-01-03T10:00:00Z")),
        ('<c r="A2" t="d"><v>2025-13-03</v></c>', ErrorCell("BAD_DATE", "2025-13-03")),
        ("<c><v>7</v></c>", Number("7")),
    ],
)
def test_cells(opened, xml, cell):
    assert cell_of(opened, xml, strings="<si><t>eins</t></si><si><r><t>zw</t></r><r><t>ei</t></r></si>") == cell


def test_integers_stay_integers():
    assert (Number("1").value, type(Number("1").value)) == (1, int)
    assert (Number("3.0").value, type(Number("3.0").value)) == (3, int)
    assert Number("1.5E3").value == 1500
    assert Number("0.1").value == Decimal("0.1")


def test_days_from_1904(opened):
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904="1"/>'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    assert cell_of(opened, '<c r="A2" s="1"><v>43538</v></c>', workbook=book) == Moment("2023-03-15", "43538")
    assert cell_of(opened, '<c r="A2" s="1"><v>0</v></c>', workbook=book) == Moment("1904-01-01", "0")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", Shows.NUMBER),
        ("0.00", Shows.NUMBER),
        ('0" days"', Shows.NUMBER),
        ("0\\d", Shows.NUMBER),
        ("[Red]0.0;[Blue]-0.0", Shows.NUMBER),
        ("@", Shows.NUMBER),
        ("[h]:mm:ss", Shows.NUMBER),
        ("yyyy-mm-dd", Shows.DATE),
        ("[$-804]yyyy年m月d日;@", Shows.DATE),
        ("mmm", Shows.DATE),
        ("h:mm AM/PM", Shows.TIME),
        ("mm:ss", Shows.TIME),
        ("上午/下午h时mm分", Shows.TIME),
        ("yyyy/m/d h:mm", Shows.DATE_TIME),
    ],
)
def test_number_formats(code, kind):
    assert shows(code) is kind


def test_gaps_and_rows_without_numbers(opened):
    table = opened(
        workbook(
            "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row><row/>"
            '<row><c r="C3"><v>9</v></c></row><row r="7"><c r="B7"><v>8</v></c></row>'
        )
    )
    assert [(row.number, [shown(cell) for cell in row.cells], row.problems) for row in table.rows()] == [
        (3, ["", "", "9"], ()),
        (7, ["", "8", ""], ()),
    ]


def test_prefixes_comments_and_the_strict_edition(opened):
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = (
        f'<x:worksheet xmlns:x="{strict}"><!-- <row> --><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>'
        "<![CDATA[</row>]]></x:t></x:is></x:c></x:row><x:row r='2'><x:c r='A2'><x:v>5</x:v></x:c></x:row>"
        "</x:sheetData></x:worksheet>"
    )
    table = opened(packed(parts() | {"xl/worksheets/sheet1.xml": sheet}))
    assert labels(table) == ["</row>"]
    assert next(table.rows()).cells == [Number("5")]


def test_sheets_hidden_ones_and_choice(opened):
    book = openpyxl.Workbook()
    book.active.title = "secret"
    book.active.sheet_state = "hidden"
    book.active.append(["h"])
    for name in ("数据", "b"):
        book.create_sheet(name).append([name])
    data = saved(book)
    table = opened(data)
    assert table.sheets == (Sheet("secret", True), Sheet("数据"), Sheet("b"))
    assert (table.sheet, labels(table)) == ("数据", ["数据"])
    assert labels(opened(data, sheet="secret")) == ["h"]
    with pytest.raises(Fault) as caught:
        opened(data, sheet="c")
    assert caught.value.params["allowed"] == "secret, 数据, b"


def test_merged_cells_have_their_value_in_the_first(opened):
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active["A2"] = "x"
    book.active["B3"] = "y"
    book.active.merge_cells("A2:A3")
    assert [row.cells for row in opened(saved(book)).rows()] == [["x", None], [None, "y"]]


def test_links_to_other_files_are_left_alone(opened):
    external = (
        f'<Relationship Id="r9" Type="{OFFICE}/sharedStrings" TargetMode="External" Target="http://127.0.0.1:1/x"/>'
    )
    data = workbook('<row r="1"><c r="A1"><v>1</v></c></row>', relations=external)
    assert labels(opened(data)) == ["1"]


def test_zip64(opened):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts('<row r="1"><c r="A1"><v>1</v></c></row>').items():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(text.encode())
    assert labels(opened(made.getvalue())) == ["1"]


def test_another_kind_cannot_be_chosen(opened):
    with pytest.raises(Fault, match="OTHER_KIND"):
        opened(of_rows([["a"]]), kind="csv")
    with pytest.raises(Fault, match="OTHER_KIND"):
        opened("a,b\n", kind="xlsx")
    with pytest.raises(Fault, match="UNKNOWN_CHOICE"):
        opened("a,b\n", kind="xls")


def test_many_shared_texts_come_from_a_file(opened, monkeypatch):
    monkeypatch.setattr(sharedtexts, "IN_MEMORY_COUNT", 3)
    monkeypatch.setattr(sharedtexts, "WINDOW", 64)
    texts = [f"名{n}" * (n % 7) for n in range(500)]
    order = [*range(500), *reversed(range(500))]
    rows = '<row r="1"><c r="A1"><v>0</v></c><c r="B1"><v>0</v></c></row>' + "".join(
        f'<row r="{at}"><c r="A{at}" t="s"><v>{n}</v></c><c r="B{at}"><v>1</v></c></row>'
        for at, n in enumerate(order, start=2)
    )
    table = opened(workbook(rows, strings="".join(f"<si><t>{text}</t></si>" for text in texts)))
    assert [row.cells[0] for row in table.rows()] == [texts[n] or None for n in order]


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=15
).filter(lambda text: not text.startswith("=") and "_x" not in text)
VALUES = st.one_of(
    st.none(),
    TEXT,
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 4)),
    st.dates(date(1901, 1, 1)),
    st.datetimes(datetime(1901, 1, 1), datetime(9999, 12, 30)).map(lambda moment: moment.replace(microsecond=0)),
    st.times().map(lambda clock: clock.replace(microsecond=0)),
)


def plain(cell):
    """A cell as a value of Python; numbers to the 15 digits that a spreadsheet shows (openpyxl writes more)."""
    if isinstance(cell, Number):
        return values.decimal(cell)
    return cell.value if isinstance(cell, Moment) else cell


def expected(value):
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=6))
def test_what_openpyxl_writes_is_read_back(rows):
    source = io.BytesIO(of_rows([["a", "b", "c"], *rows]))
    with of_source(source, Choices()) as table:
        found = {row.number: [plain(cell) for cell in row.cells] for row in table.rows()}
    told = {at: [expected(value) for value in row] for at, row in enumerate(rows, start=2)}
    assert found == {at: row for at, row in told.items() if any(v is not None and str(v).strip() for v in row)}


@given(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 30)))
def test_serials_agree_with_openpyxl(moment):
    from openpyxl.utils.datetime import from_excel, to_excel

    serial = to_excel(moment.replace(microsecond=0))
    assert moment_of(serial, from_1904=False) == moment.replace(microsecond=0)
    assert abs(from_excel(serial) - moment_of(serial, from_1904=False)) < timedelta(milliseconds=1)
    assert Moment(time(1, 2).isoformat(), "x").value == time(1, 2)
