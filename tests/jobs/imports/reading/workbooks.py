"""Workbooks put together from their parts, sound and otherwise."""

import io
import zipfile

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
HEAD = f'<worksheet xmlns="{MAIN}"><sheetData>'
FOOT = "</sheetData></worksheet>"


def parts(rows="", *, strings=None, styles=None, main_type=SHEET_MAIN, workbook=None, relations="", **more):
    """Names and texts of the parts of a workbook whose one sheet holds ``rows``."""
    found = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main_type}"/></Types>',
        "xl/workbook.xml": workbook
        or f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{OFFICE}/styles" Target="styles.xml"/>{relations}</Relationships>',
        "xl/worksheets/sheet1.xml": HEAD + rows + FOOT,
    }
    if strings is not None:
        found["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    if styles is not None:
        found["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    return found | more


def packed(contents, level=6):
    """A zip file with these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return made.getvalue()


def workbook(rows="", **more):
    """A workbook as bytes."""
    return packed(parts(rows, **more))


def saved(book):
    """A workbook of openpyxl as bytes."""
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def of_rows(rows):
    """A workbook that openpyxl writes."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("S")
    for row in rows:
        sheet.append(row)
    return saved(book)
