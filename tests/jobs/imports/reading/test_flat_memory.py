"""Memory does not grow with the rows (SPEC N3): measured in the reading process."""

import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest

from jobs.imports.reading import Moment, Number
from jobs.imports.reading.guarded import open_guarded
from tests.jobs.imports.reading.workbooks import FOOT, HEAD, of_rows, parts

MIB = 1 << 20


def csv_file(path, rows):
    line = "".join(f"{n:04d},客户{n},2025-01-03,{n}.50,备注 “{n}”\r\n" for n in range(1000)).encode()
    with open(path, "wb") as out:
        out.write("编号,客户,日期,金额,备注\r\n".encode())
        for _ in range(rows // 1000):
            out.write(line)


def xlsx_file(path, rows, shared):
    """A workbook of four columns; every row has a text of its own, in the cell or shared."""

    def row(n):
        kind, value = ("s", f"<v>{n - 1}</v>") if shared else ("inlineStr", f"<is><t>客户 {n}</t></is>")
        return (
            f'<row r="{n}"><c r="A{n}" t="{kind}">{value}</c><c r="B{n}"><v>{n}</v></c>'
            f'<c r="C{n}" s="1"><v>45000</v></c><c r="D{n}" t="b"><v>1</v></c></row>'
        )

    contents = parts(
        styles='<cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>', strings=""
    )
    sheet = HEAD + "".join(row(n) for n in range(1, rows + 1)) + FOOT
    texts = "".join(f"<si><t>客户 {n} 的名称，足够长以便占用内存</t></si>" for n in range(rows)) if shared else ""
    contents["xl/worksheets/sheet1.xml"] = sheet
    contents["xl/sharedStrings.xml"] = contents["xl/sharedStrings.xml"].replace("></sst>", f">{texts}</sst>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)


def read(path):
    """(rows, last row, bytes in memory at most) of the reading process."""
    count, last = 0, None
    with open_guarded(path, "f") as reading:
        for chunk in reading.chunks():
            count += len(chunk)
            last = chunk[-1]
    return count, last, reading.memory


def test_a_million_rows_of_csv(tmp_path):
    csv_file(tmp_path / "small", 10_000)
    csv_file(tmp_path / "large", 1_000_000)
    small = read(tmp_path / "small")[2]
    count, last, large = read(tmp_path / "large")
    assert (count, last.number) == (1_000_000, 1_000_001)
    assert last.cells == ["0999", "客户999", "2025-01-03", "999.50", "备注 “999”"]
    assert large < small + 8 * MIB
    assert large < 64 * MIB


@pytest.mark.parametrize("shared", [False, True])
def test_200_000_rows_of_xlsx(tmp_path, shared):
    path = tmp_path / "large"
    xlsx_file(path, 200_000, shared)
    count, last, memory = read(path)
    assert (count, last.number) == (199_999, 200_000)
    assert last.cells[1:] == [Number("200000"), Moment("2023-03-15", "45000"), True]
    assert last.cells[0] == ("客户 199999 的名称，足够长以便占用内存" if shared else "客户 200000")
    assert memory < (80 if shared else 48) * MIB


def test_openpyxl_reads_the_same(tmp_path):
    path = tmp_path / "book.xlsx"
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(500)]
    rows = [
        ["客户", n, n / 8, day, datetime.combine(day, time(n % 24, n % 60)), n % 2 == 0] for n, day in enumerate(days)
    ]
    path.write_bytes(of_rows([list("abcdef"), *rows]))
    book = openpyxl.load_workbook(path, read_only=True)
    theirs = [list(row) for row in book.active.iter_rows(min_row=2, values_only=True)]
    book.close()
    with open_guarded(path, "f") as reading:
        ours = [[c.value if isinstance(c, Number | Moment) else c for c in row.cells] for row in reading.rows()]
    assert ours == rows
    assert [[*row[:3], row[3].date(), *row[4:]] for row in theirs] == ours
