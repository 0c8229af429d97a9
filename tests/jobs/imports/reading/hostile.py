"""Files that nobody should read further than needed: name → (how it is written, expected reason)."""

import gzip
import io
import struct
import zipfile
import zlib

from tests.jobs.imports.reading.workbooks import FOOT, HEAD, MAIN, packed, parts, workbook

CELL = '<c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c>'
OK_ROWS = "".join(f'<row r="{n}">{CELL.format(n, n)}</row>' for n in range(1, 3))
MIB = 1 << 20


def ole(stream):
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[30:32] = (9).to_bytes(2, "little")
    return bytes(head) + stream.encode("utf-16-le").ljust(512, b"\0")


def streamed(begin, piece, times, end, name="xl/worksheets/sheet1.xml"):
    """A workbook one part of which is long."""

    def write(path):
        contents = parts(OK_ROWS, strings="")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, text in contents.items():
                if each != name:
                    archive.writestr(each, text)
            with archive.open(name, "w") as part:
                part.write(begin.encode())
                for _ in range(times):
                    part.write(piece.encode())
                part.write(end.encode())

    return write


def repeated(begin, piece, times, end=b""):
    def write(path):
        with open(path, "wb") as out:
            out.write(begin)
            for _ in range(times):
                out.write(piece)
            out.write(end)

    return write


def zip_that_lies():
    """The table of contents says 100 bytes; packed are 50 MiB."""
    data = packed(parts("x" * 50 * MIB))
    at = data.index(b"PK\x01\x02")
    while b"sheet1" not in data[at : at + 100]:
        at = data.index(b"PK\x01\x02", at + 4)
    return data[: at + 24] + struct.pack("<L", 100) + data[at + 28 :]


def many_entries():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"")
    return made.getvalue()


def damaged():
    data = bytearray(packed(parts(OK_ROWS * 1), level=0))
    at = data.index(b"<sheetData>")
    data[at : at + 4] = b"\0\0\0\0"
    return bytes(data)


def encrypted_entry():
    data = bytearray(workbook(OK_ROWS))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


BOMB = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
SHEET = HEAD + '<row r="1"><c r="A1" t="inlineStr"><is><t>&{};</t></is></c></row>' + FOOT
MACRO_TYPE = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
BINARY_TYPE = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
BIG_NUMBER = '<row r="1"><c r="A1"><v>1</v></c></row>'

FILES = {
    # --- no table at all, whatever the name says
    "empty": (b"", "EMPTY_FILE"),
    "only white space": (b" \r\n\t\n", "NO_ROWS"),
    "png called csv": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "NOT_A_TABLE"),
    "jpeg": (b"\xff\xd8\xff\xe0" + b"a,b\n" * 10, "NOT_A_TABLE"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "NOT_A_TABLE"),
    "html called xls": (b"\xef\xbb\xbf\n <HTML><table><tr><td>1", "NOT_A_TABLE"),
    "html in utf-16": ("\ufeff<!DOCTYPE html><html>".encode("utf-16-le"), "NOT_A_TABLE"),
    "xml spreadsheet": (b'<?xml version="1.0"?><Workbook xmlns="urn:x">', "NOT_A_TABLE"),
    "rtf": (b"{\\rtf1 a,b}", "NOT_A_TABLE"),
    "parquet": (b"PAR1" + bytes(50), "NOT_A_TABLE"),
    "gzip": (gzip.compress(b"a,b\n1,2\n"), "PACKED"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "PACKED"),
    "random bytes": (zlib.compress(bytes(range(256)) * 50, 9) * 40, "*"),
    # --- office files of other kinds
    "xls": (ole("Workbook"), "OLD_WORKBOOK"),
    "encrypted xlsx": (ole("EncryptedPackage"), "ENCRYPTED"),
    "doc": (ole("WordDocument"), "NOT_A_WORKBOOK"),
    "ole, cut": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DAMAGED"),
    "zip": (packed({"a.csv": "a,b\n1,2\n"}), "ZIP"),
    "empty zip": (b"PK\x05\x06" + b"\0" * 18, "ZIP"),
    "ods": (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "OPEN_DOCUMENT"),
    "docx": (
        packed({"[Content_Types].xml": f'<T><Override ContentType="{WORD}"/></T>'}),
        "NOT_A_WORKBOOK",
    ),
    "xlsm": (workbook(OK_ROWS, main_type=MACRO_TYPE), "MACROS"),
    "macros without the type": (workbook(OK_ROWS, **{"xl/vbaProject.bin": "x"}), "MACROS"),
    "xlsb": (workbook(OK_ROWS, main_type=BINARY_TYPE), "BINARY_WORKBOOK"),
    "encrypted entry": (encrypted_entry(), "ENCRYPTED"),
    # --- broken workbooks
    "xlsx, cut": (workbook(OK_ROWS)[:-60], "TRUNCATED"),
    "xlsx, only its head": (workbook(OK_ROWS)[:200], "TRUNCATED"),
    "xlsx, byte changed": (damaged(), "DAMAGED"),
    "no sheets": (workbook(workbook=f'<workbook xmlns="{MAIN}"/>'), "NO_SHEET"),
    "relations missing": (packed({k: v for k, v in parts(OK_ROWS).items() if "rels" not in k}), "DAMAGED"),
    "sheet part missing": (packed({k: v for k, v in parts(OK_ROWS).items() if "sheet1" not in k}), "DAMAGED"),
    "xml not closed": (packed(parts() | {"xl/worksheets/sheet1.xml": HEAD + OK_ROWS}), "DAMAGED"),
    "xml wrong": (workbook(OK_ROWS + "<row r='3'><c></row>"), "DAMAGED"),
    "empty sheet": (workbook(""), "NO_ROWS"),
    "rows backwards": (workbook(OK_ROWS + '<row r="1"/>'), "DAMAGED"),
    "row beyond the sheet": (workbook(OK_ROWS + '<row r="99999999999999999999"/>'), "DAMAGED"),
    "row 1,048,577": (workbook(OK_ROWS + '<row r="1048577"/>'), "DAMAGED"),
    "column beyond the sheet": (workbook('<row r="1"><c r="ZZZ1"><v>1</v></c></row>'), "DAMAGED"),
    "column of letters": (workbook(f'<row r="1"><c r="{"A" * 5000}1"><v>1</v></c></row>'), "DAMAGED"),
    "text number that is not there": (workbook('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', strings=""), "DAMAGED"),
    "negative text number": (workbook('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', strings="<si/>"), "DAMAGED"),
    "column 1,001": (workbook('<row r="1"><c r="ALM1"><v>1</v></c></row>'), "TOO_MANY_COLUMNS"),
    # --- XML attacks
    "entities": (packed(parts() | {"xl/worksheets/sheet1.xml": BOMB + SHEET.format("b")}), "DTD"),
    "xxe": (packed(parts() | {"xl/worksheets/sheet1.xml": XXE + SHEET.format("x")}), "DTD"),
    "xxe in the texts": (packed(parts(OK_ROWS) | {"xl/sharedStrings.xml": XXE + "<sst/>"}), "DTD"),
    "xxe in the workbook": (packed(parts(OK_ROWS) | {"xl/workbook.xml": XXE + "<workbook/>"}), "DTD"),
    "xxe in utf-16": (
        packed(parts() | {"xl/worksheets/sheet1.xml": ("\ufeff" + XXE + SHEET.format("x")).encode("utf-16-le")}),
        "DTD",
    ),
    "deep xml": (packed(parts(OK_ROWS) | {"xl/workbook.xml": "<a>" * 100_000}), "DAMAGED"),
    # --- bombs
    "ratio": (streamed(HEAD + OK_ROWS, " " * MIB, 100, FOOT), "ZIP_BOMB"),
    "a list of 20 MiB": (workbook(OK_ROWS, styles="<a/>" * 5 * MIB), "ZIP_BOMB"),
    "20,000 parts": (many_entries(), "ZIP_BOMB"),
    "size that lies": (zip_that_lies(), "DAMAGED"),
    "cell of 2 MiB": (workbook('<row r="1">' + CELL.format(1, "x" * 2 * MIB) + "</row>"), "CELL_TOO_LONG"),
    "row of 5 MiB": (
        workbook('<row r="1">' + '<c t="inlineStr"><is><t>'.join(["", *["x" * MIB + "</t></is></c>"] * 5]) + "</row>"),
        "ROW_TOO_LONG",
    ),
    "one long text, shared 900 times in a row": (
        workbook('<row r="1">' + '<c t="s"><v>0</v></c>' * 900 + "</row>", strings=f"<si><t>{'x' * 9000}</t></si>"),
        "ROW_TOO_LONG",
    ),
    "shared text of 2 MiB": (
        workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=f"<si><t>{'x' * 2 * MIB}</t></si>"),
        "TEXT_TOO_LONG",
    ),
    "comment of 30 MiB": (workbook(OK_ROWS + "<!--" + "x" * 30 * MIB + "-->"), "DAMAGED"),
    "attribute of 30 MiB": (workbook(f'<row r="1"><c r="A1" x="{"x" * 30 * MIB}"/></row>'), "DAMAGED"),
    # --- text
    "nul": (b"a,b\n1,2\n3,\x004\n", "NUL_BYTE"),
    "quote never closed": (b'a,b\n1,2\n3,"4\n' + b"5,6\n" * 100_000, "UNCLOSED_QUOTE"),
    "quote never closed, 100 MB": (repeated(b'a,b\n1,2\n3,"4\n', b"5,6\n" * 25_000, 1000), "UNCLOSED_QUOTE"),
    "line of 1 GB": (repeated(b"a,b\n", b"x" * MIB, 1024), "LINE_TOO_LONG"),
    "line of 1 GB within quotes": (repeated(b'a,b\n"', b"x" * MIB, 1024, b'"\n'), "LINE_TOO_LONG"),
    "cell of 3 MiB": (b"a,b\n" + b"x" * 3 * MIB + b",1\n", "CELL_TOO_LONG"),
    "cell of 3 MiB in many lines": (b'a,b\n"' + b"xyz\n" * 750_000 + b'",1\n', "CELL_TOO_LONG"),
    "20,000 columns": (b",".join([b"c"] * 20_000) + b"\n", "TOO_MANY_COLUMNS"),
    "20,000 columns in row 3": (b"a,b\n1,2\n" + b",".join([b"c"] * 20_000) + b"\n", "TOO_MANY_COLUMNS"),
    "millions of commas": (b"a,b\n" + b"," * 4_000_000 + b"\n", "TOO_MANY_COLUMNS"),
    "wrong byte at the end of 60 MB": (
        repeated("名,b\n".encode(), (b"x" * 1000 + b",y\n") * 1000, 60, b"\xff\xff\n"),
        "BAD_BYTE",
    ),
    # --- JSON
    "json, cut": (b'[{"a": 1}, {"a": 2', "TRUNCATED_JSON"),
    "json, cut in a text": (b'[{"a": 1}, {"a": "xy', "TRUNCATED_JSON"),
    "json, end missing": (b'[{"a": 1}', "TRUNCATED_JSON"),
    "json, comma too many": (b'[{"a": 1,}]', "BAD_JSON"),
    "json, something behind": (b'[{"a": 1}] x', "BAD_JSON"),
    "json, deep": (b'[{"a": ' + b"[" * 200_000, "TOO_DEEP"),
    "json, deep at once": (b"[" * 200_000, "TOO_DEEP"),
    "json, no objects": (b"[[1, 2], [3, 4]]", "NOT_OBJECTS"),
    "json, texts": (b'["a", "b"]', "NOT_OBJECTS"),
    "json, a document": (b'{\n"rows": [{"a": 1}]\n}', "NOT_OBJECTS"),
    "json, key twice": (b'[{"a": 1, "a": 2}]', "DUPLICATE_KEY"),
    "json, nan": (b'[{"a": NaN}]', "NOT_A_JSON_NUMBER"),
    "json, no keys": (b"[{}]", "NO_ROWS"),
    "json, empty": (b"[]", "NO_ROWS"),
    "json, one text of 100 MB": (repeated(b'[{"a": "', b"x" * MIB, 100, b'"}]'), "ROW_TOO_LONG"),
    "json, 20,000 keys": (
        b"[{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}]",
        "TOO_MANY_COLUMNS",
    ),
    "ndjson, wrong line": (b'{"a": 1}\n{"a" 1}\n{"a": 2}\n', "BAD_JSON"),
}
