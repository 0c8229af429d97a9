"""Operations of the import API, as the OpenAPI document tells them; the views are in jobs.imports.api and files_api."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common import errors
from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problem, problems, shapes
from exportcenter.common.openapi.polling import BY_CURSOR, ETAG, IF_NONE_MATCH, LINK, UNCHANGED
from exportcenter.common.openapi.shapes import or_empty
from jobs.datasets import Mode
from jobs.exports.api_docs import ESTIMATED, GONE, IN_PROGRESS, LOCATION, MISMATCH, PAGE, PAGE_SIZE, REPLAYED
from jobs.exports.api_shapes import EMPTY
from jobs.idempotency import LONGEST
from jobs.imports import api_shapes as our
from jobs.imports.filters import ORDERINGS, importable_choices
from jobs.imports.reading.errors import UnreadableFile
from jobs.imports.reading.table import KINDS
from jobs.imports.templates import FILE_TYPES

IMPORTS = Tag(
    "imports",
    _("Imports"),
    "A file becomes rows: it is sent, checked row by row, confirmed, written in chunks, and can be taken back.",
)
JOB_NO = Parameter("job_no", shapes.text(example="I20251003001"), "Number of the import.", "path")
FILE_ID = Parameter("file_id", shapes.text(example="3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7"), "Of the file.", "path")
CURSOR = Parameter("cursor", shapes.text(most=1000), "Empty, then the `next_cursor` of the answer.")
WANTED = shapes.one_of(lambda: [key for key, _title in importable_choices()])
MODE = shapes.one_of(Mode.values)
KEY = Parameter(
    "Idempotency-Key",
    shapes.text(least=1, most=LONGEST, example="8e03978e-40d5-43e8-bc93-6894a57f9324"),
    "Printable ASCII characters. The same request with the same key gets the first answer again.",
    "header",
)
LIST = (
    PAGE,
    PAGE_SIZE,
    *BY_CURSOR,
    Parameter("ordering", shapes.one_of(list(ORDERINGS), default="-created_at"), "`-` for descending."),
    Parameter("status", shapes.list_of(our.STATUS), "Repeat it for several."),
    Parameter("dataset", shapes.list_of(our.DATASET), "Repeat it for several."),
    Parameter("created_by", shapes.text(most=20, example="U1001"), "Number of the person."),
    Parameter("created_from", or_empty(shapes.moment()), "Inclusive."),
    Parameter("created_to", or_empty(shapes.moment()), "Exclusive."),
    Parameter("q", shapes.text(most=30, example="I20251003"), "Beginning of the job number."),
)
MADE = {**LOCATION, **REPLAYED}
UNREADABLE = problem(
    UnreadableFile,
    "It is no table that can be read; `details.reason` names the code of the fault.",
    name="UnreadableFile",
    message="The workbook is protected with a password.",
    advice="Save it without a password, and send it again.",
)
FILE_TOO_LARGE = problem(
    errors.BodyTooLarge,
    "The file is larger than `limits.file_bytes` of the catalogue.",
    name="FileTooLarge",
    message="The file is larger than 500 MB.",
    advice="Split it, or leave out columns that are not needed.",
)
NOT_A_FORM = problem(
    errors.UnsupportedMediaType,
    "The body is not declared as `multipart/form-data`.",
    name="NotAForm",
    message='Unsupported media type "application/json" in request.',
    advice="Send the file as multipart/form-data, in the field `file`.",
)
NO_FORM = problem(
    errors.InvalidRequest,
    "The form is broken, or has far too many files.",
    name="BrokenForm",
    message="Multipart form parse error - Invalid boundary in multipart: None",
)
TOO_MANY = problem(
    errors.Throttled,
    "Too many imports of the person wait, or too many requests were made.",
    name="TooManyImports",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)

LIST_DATASETS = Operation(
    "listImportDatasets",
    _("List what can be imported"),
    IMPORTS,
    [Answer(200, "Every dataset that you see, and what of it you may write.", our.CATALOGUE, headers=ETAG), UNCHANGED],
    parameters=[IF_NONE_MATCH],
)
NAMED = {"Content-Disposition": {"description": "The file's name.", "schema": shapes.text()}}
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BYTES = shapes.text(format="binary")
GET_TEMPLATE = Operation(
    "getImportTemplate",
    _("Get a template"),
    IMPORTS,
    [Answer(200, "A file with the headings that you may fill in.", headers=NAMED, media={XLSX: BYTES, CSV: BYTES})],
    "As XLSX with drop-downs and a sheet that explains every column, in your language.",
    parameters=[
        Parameter("dataset", WANTED, required=True),
        Parameter("mode", MODE, required=True),
        Parameter("file_type", shapes.one_of(FILE_TYPES, default="xlsx")),
    ],
)
SEND_FILE = Operation(
    "sendImportFile",
    _("Send a file"),
    IMPORTS,
    [
        Answer(
            201,
            "It is kept, and only you can import it.",
            our.FILE,
            {
                "csv": {
                    "file_id": "3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7",
                    "name": "members.csv",
                    "size": 81234,
                    "sha256": our.DETAIL_EXAMPLE["file"]["sha256"],
                    "created_at": "2025-10-03T09:59:00+08:00",
                    "expires_at": "2025-10-04T09:59:00+08:00",
                }
            },
            LOCATION,
        )
    ],
    "CSV, TSV, XLSX, JSON or NDJSON, known by its content. What is no such file is refused and not kept.",
    body=Body(our.UPLOAD, {"csv": {"file": "Member no.,Name\r\nM0001,Li Lei\r\n"}}, media="multipart/form-data"),
    problems=[NO_FORM, FILE_TOO_LARGE, NOT_A_FORM, UNREADABLE],
)
GLANCE = Operation(
    "getImportFile",
    _("Look into a file"),
    IMPORTS,
    [Answer(200, "What it is, its first 20 rows, and how its headings are understood.", our.GLANCE)],
    "Nothing is stored. Send `dataset` and `mode` to learn how the columns would be mapped.",
    parameters=[
        FILE_ID,
        Parameter("dataset", WANTED),
        Parameter("mode", MODE),
        Parameter("kind", shapes.one_of([*KINDS, ""]), "Instead of what is found."),
        Parameter("encoding", shapes.text(most=60, example="gb18030")),
        Parameter("delimiter", shapes.text(most=1, example=";")),
        Parameter("sheet", shapes.text(most=200)),
        Parameter("header_row", or_empty(shapes.whole(least=0, most=1000)), "0: there is none."),
    ],
    problems=[problems.NOT_FOUND, UNREADABLE],
)
LIST_IMPORTS = Operation(
    "listImports",
    _("List imports"),
    IMPORTS,
    [
        Answer(
            200,
            "A page of those that you may see.",
            our.IMPORTS,
            {"page": {"total": 1, "page": 1, "page_size": 20, "items": [our.ITEM_EXAMPLE]}},
            ESTIMATED | LINK | ETAG,
        ),
        UNCHANGED,
    ],
    "Unknown parameters are refused by name. By `page`, or by `cursor`.",
    parameters=[*LIST, IF_NONE_MATCH],
)
CREATE_IMPORT = Operation(
    "createImport",
    _("Start an import"),
    IMPORTS,
    [
        Answer(
            202, "Its rows will be checked; then it waits in `review`.", our.DETAIL, {"new": our.DETAIL_EXAMPLE}, MADE
        )
    ],
    "Nothing is written before it is confirmed. Rights and columns are checked now and once more when it runs.",
    parameters=[KEY],
    body=Body(
        our.WISH,
        {
            "members": {
                "file_id": "3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7",
                "dataset": "members",
                "mode": "upsert",
                "on_error": "skip",
                "mapping": {"0": "member_no", "1": "name", "3": "level"},
                "choices": {"encoding": "gb18030"},
                "source": "/members",
            }
        },
    ),
    problems=[IN_PROGRESS, MISMATCH, problems.NOT_FOUND, UNREADABLE, TOO_MANY],
)
GET_IMPORT = Operation(
    "getImport",
    _("Look at an import"),
    IMPORTS,
    [Answer(200, "The import.", our.DETAIL, {"waiting": our.DETAIL_EXAMPLE}, ETAG), UNCHANGED],
    parameters=[JOB_NO, IF_NONE_MATCH],
    problems=[problems.NOT_FOUND],
)
LIST_ROWS = Operation(
    "listImportRows",
    _("List faulty rows"),
    IMPORTS,
    [
        Answer(
            200,
            "In the order of the file.",
            our.ROWS_PAGE,
            {
                "one": {
                    "items": [{"row": 17, "cells": ["M0016", "Li Lei", "Platin"], "problems": [our.PROBLEM_EXAMPLE]}],
                    "page_size": 20,
                    "next_cursor": None,
                }
            },
            LINK,
        )
    ],
    "Cells that may hold contact data are null for people without that right, unless they sent the file.",
    parameters=[JOB_NO, CURSOR, PAGE_SIZE],
    problems=[problems.NOT_FOUND],
)
DOWNLOAD_ROWS = Operation(
    "downloadImportRows",
    _("Get the faulty rows"),
    IMPORTS,
    [
        Answer(
            200,
            "They alone, in the format that was sent, with one more column that says what is wrong.",
            headers=NAMED,
            media={
                kind: {} if kind == "application/json" else BYTES
                for kind in (CSV, "text/tsv", XLSX, "application/json", "application/x-ndjson")
            },
        )
    ],
    "Correct them and send the file again. For people who may read all of it.",
    parameters=[JOB_NO],
    problems=[problems.NOT_FOUND, GONE],
)
LIST_CHANGES = Operation(
    "listImportChanges",
    _("List what was changed"),
    IMPORTS,
    [
        Answer(
            200,
            "In the order of the file; of an undo what became of each change.",
            our.CHANGES_PAGE,
            {
                "undo": {
                    "items": [{"row": 2, "key": "M0001", "action": "created", "outcome": "removed"}],
                    "page_size": 20,
                    "next_cursor": None,
                }
            },
            LINK,
        )
    ],
    parameters=[
        JOB_NO,
        CURSOR,
        PAGE_SIZE,
        Parameter("outcome", shapes.list_of(our.OUTCOME), "Repeat it for several."),
    ],
    problems=[problems.NOT_FOUND],
)
CONFIRM_IMPORT = Operation(
    "confirmImport",
    _("Confirm an import"),
    IMPORTS,
    [Answer(200, "Its rows are written now.", our.DETAIL)],
    "Of an import in `review`. With `on_error` = `stop` only when no row is faulty.",
    parameters=[JOB_NO],
    body=Body(EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
CANCEL_IMPORT = Operation(
    "cancelImport",
    _("Cancel an import"),
    IMPORTS,
    [Answer(200, "It ends at once or, when it is running, after the chunk that it writes.", our.DETAIL)],
    "What is written stays, and can be taken back.",
    parameters=[JOB_NO],
    body=Body(EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
RETRY_IMPORT = Operation(
    "retryImport",
    _("Retry an import"),
    IMPORTS,
    [Answer(202, "A new import of the same file in the same way.", our.DETAIL, headers=MADE)],
    "Of one that has failed or was canceled.",
    parameters=[JOB_NO, KEY],
    body=Body(EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, IN_PROGRESS, MISMATCH, problems.LOCKED, TOO_MANY],
)
UNDO_IMPORT = Operation(
    "undoImport",
    _("Take an import back"),
    IMPORTS,
    [
        Answer(
            202, "The job that does so: what was created goes, what was changed is as before.", our.DETAIL, headers=MADE
        )
    ],
    "Until `kept_until`. Rows that somebody has edited or used since stay as they are.",
    parameters=[JOB_NO, KEY],
    body=Body(EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, IN_PROGRESS, MISMATCH, problems.LOCKED, TOO_MANY],
)
