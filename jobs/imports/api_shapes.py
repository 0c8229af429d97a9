"""Shapes of the import API: what jobs.imports.presenting answers and jobs.imports.bodies takes (SPEC B1–B4)."""

from typing import Any

from exportcenter.common.openapi import shapes
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from jobs.datasets import Kind, Mode
from jobs.engine.states import Stage, Status
from jobs.exports.api_shapes import BYTES, ROWS, SHA256, USER, page_of
from jobs.imports.bodies import MOST_MAPPED
from jobs.imports.counting import Counts
from jobs.imports.filters import importable_choices
from jobs.imports.reading.table import KINDS
from jobs.models import ImportChange
from jobs.models.importing import OnError

JOB_NO = shapes.text("`I`, the day, and a running number.", pattern=r"^I\d{8}\d{3,}$", example="I20251003001")
FILE_ID = shapes.text(format="uuid", example="3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7")
STATUS = Named("ImportStatus", shapes.one_of(Status.values, "`review`: it waits for somebody to confirm or cancel it."))
DATASET = Named(
    "ImportDataset", shapes.one_of(lambda: [key for key, _title in importable_choices()], "What is written.")
)
MODE = Named("ImportMode", shapes.one_of(Mode.values, "What may happen to rows that exist, and to those that do not."))
ON_ERROR = Named(
    "ImportOnError", shapes.one_of(OnError.values, "`skip`: faulty rows are left out; `stop`: all rows or none.")
)
COUNTS = Named(
    "ImportCounts",
    shapes.record(
        dict.fromkeys(Counts.__dataclass_fields__, ROWS),
        "Rows: read, faulty; what would happen, what has happened. Of an undo `rows` are changes, `kept` those that "
        "somebody has edited or used since.",
    ),
)
CHOICES = shapes.body_of(
    {
        "kind": or_null(shapes.one_of([*KINDS, ""])),
        "encoding": or_null(shapes.text("A codec's name.", example="gb18030")),
        "delimiter": or_null(shapes.text("One character.", example=";")),
        "sheet": or_null(shapes.text("Its name.")),
        "header_row": or_null(shapes.whole("0: there is none, the columns are A, B, ….", least=0, most=1000)),
    },
    "How the file is read, where it is not found out.",
)
MAPPING = shapes.map_of(
    shapes.text(example="member_no"),
    "Position of the file's column, from `0` → key of the dataset's. Null: guessed from the headings.",
    propertyNames={"pattern": "^(0|[1-9][0-9]{0,5})$"},
    maxProperties=MOST_MAPPED,
)
LETTER = shapes.text("How a spreadsheet calls it.", example="A")
POSITION = shapes.whole("From 0.", least=0)
FILE_FIELDS: dict[str, AnyShape] = {
    "file_id": FILE_ID,
    "name": shapes.text(),
    "size": BYTES,
    "sha256": SHA256,
    "created_at": shapes.moment(),
    "expires_at": shapes.moment("When it is deleted, unless an import needs it longer."),
}
FILE = Named("ImportFile", shapes.record(FILE_FIELDS))
UPLOAD = Named("ImportUpload", shapes.body_of({"file": shapes.text(format="binary")}, required=["file"]))
KIND = shapes.one_of(KINDS, "Found by content, whatever the name says.")
TEXTS = shapes.list_of(shapes.text())
GUESS = shapes.record(
    {
        "mapping": MAPPING,
        "missing": shapes.list_of(
            shapes.record({"key": shapes.text(), "title": shapes.text()}), "Without them no row can be written."
        ),
        "left_out": shapes.list_of(
            shapes.record({"position": POSITION, "letter": LETTER, "label": shapes.text()}),
            "Columns whose heading means nothing here.",
        ),
    },
    "How the headings are understood; with `dataset` and `mode` only.",
)
GLANCE = Named(
    "ImportGlance",
    shapes.record(
        FILE_FIELDS
        | {
            "kind": KIND,
            "encoding": shapes.text("Of text."),
            "encoding_by": shapes.one_of(
                ["bom", "utf-8", "gb18030", "guess", "chosen", ""], "How it was found; show a `guess` to a person."
            ),
            "delimiter": shapes.text("Of CSV."),
            "sheets": shapes.list_of(shapes.record({"name": shapes.text(), "hidden": shapes.yes_no()})),
            "sheet": shapes.text("The one that is read."),
            "header_row": shapes.whole("Its row number; 0: there is none.", least=0),
            "header": shapes.list_of(
                shapes.record({"position": POSITION, "letter": LETTER, "label": shapes.text()}), "The columns."
            ),
            "rows": shapes.list_of(shapes.record({"row": ROWS, "cells": TEXTS}), "The first rows.", most=20),
            "problem": or_null(
                shapes.record(
                    {"code": shapes.text(), "message": shapes.text(), "advice": shapes.text()},
                    "Why reading ended before 20 rows were there.",
                )
            ),
            "guess": or_null(GUESS),
        }
    ),
)
JOB_ERROR = shapes.record(
    {
        "code": shapes.text("Stable name.", example="UNREADABLE_FILE"),
        "message": shapes.text(),
        "advice": shapes.text(),
        "stack": shapes.text("For administrators."),
    },
    "Why it has failed.",
    optional=["stack"],
)
IMPORT_FIELDS: dict[str, AnyShape] = {
    "job_id": JOB_NO,
    "dataset": shapes.text("Its key.", example="members"),
    "dataset_title": shapes.text(),
    "mode": MODE,
    "on_error": ON_ERROR,
    "status": STATUS,
    "stage": shapes.one_of(Stage.values, "What it is doing."),
    "progress": shapes.whole("Percent of the stage.", least=0, most=100),
    "counts": COUNTS,
    "file_name": shapes.text(),
    "file_size": BYTES,
    "source": shapes.text("Where it was asked for."),
    "created_by": USER,
    "created_at": shapes.moment(),
    "finished_at": or_null(shapes.moment()),
    "retry_of": or_null(JOB_NO),
    "undoes": or_null(shapes.text("The import that this one takes back.", example="I20251003001")),
    "error": or_null(JOB_ERROR),
}
IMPORT = Named("Import", shapes.record(IMPORT_FIELDS, "An import as it stands in a list."))
PROBLEM_FIELDS: dict[str, AnyShape] = {
    "column": or_null(shapes.text("Key of the dataset's column; null: the row as a whole.")),
    "title": or_null(shapes.text("Of the column.")),
    "code": shapes.text(example="NOT_A_CHOICE"),
    "message": shapes.text("What is wrong and what to do, in your language."),
    "text": or_null(shapes.text("What stands in the cell; null where you may not see it.")),
}
DECISION = shapes.record({"allowed": shapes.yes_no(), "reason": shapes.text("Why not; empty when it is.")})
DETAIL = Named(
    "ImportDetail",
    shapes.record(
        IMPORT_FIELDS
        | {
            "file": shapes.record(
                {
                    "file_id": FILE_ID,
                    "sha256": SHA256,
                    "kind": KIND,
                    "encoding": shapes.text(),
                    "delimiter": shapes.text(),
                    "sheet": shapes.text(),
                    "choices": shapes.any_object("What a person has set by hand."),
                }
            ),
            "mapping": shapes.list_of(
                shapes.record(
                    {
                        "position": POSITION,
                        "letter": LETTER,
                        "label": shapes.text(),
                        "key": or_null(shapes.text("Of the dataset's column; null: left out.")),
                        "title": or_null(shapes.text()),
                    }
                ),
                "Every column of the file.",
            ),
            "problems": shapes.list_of(
                shapes.record(
                    PROBLEM_FIELDS
                    | {"count": shapes.whole("Rows that have it.", least=1), "row": shapes.whole("The first.", least=1)}
                ),
                "What is wrong, the most frequent first.",
            ),
            "can": shapes.record(
                dict.fromkeys(("confirm", "cancel", "retry", "undo"), DECISION), "What you can do now."
            ),
            "undone_by": or_null(shapes.text("The job that takes it back, or has done so.", example="I20251003002")),
            "confirmed_at": or_null(shapes.moment()),
            "kept_until": or_null(shapes.moment("Of the file, its faulty rows and the way back; null: they are gone.")),
            "logs_tail": shapes.text("The last 100 lines of its log."),
        },
        "An import with everything about it but its rows.",
    ),
)
IMPORTS = page_of("ImportPage", IMPORT)
CURSOR_FIELDS: dict[str, AnyShape] = {
    "page_size": shapes.whole(least=1, most=200),
    "next_cursor": or_null(shapes.text("Where the next page begins; null at the end.")),
}
ROWS_PAGE = Named(
    "ImportRows",
    shapes.record(
        {
            "items": shapes.list_of(
                shapes.record(
                    {
                        "row": shapes.whole("As a person counts it in the file.", least=0),
                        "cells": shapes.list_of(
                            or_null(shapes.text()), "As they stand in the file; null: not for you."
                        ),
                        "problems": shapes.list_of(shapes.record(PROBLEM_FIELDS), least=1),
                    }
                ),
                most=200,
            ),
            **CURSOR_FIELDS,
        }
    ),
)
OUTCOME = shapes.one_of(ImportChange.Outcome.values, "`edited`, `used`: kept as it is now, and why.")
CHANGES_PAGE = Named(
    "ImportChanges",
    shapes.record(
        {
            "items": shapes.list_of(
                shapes.record(
                    {
                        "row": shapes.whole("Of the file.", least=0),
                        "key": or_null(shapes.text("Which row of the table; null: not for you.")),
                        "action": shapes.one_of(["created", "updated"]),
                        "outcome": or_null(OUTCOME),
                    }
                ),
                most=200,
            ),
            **CURSOR_FIELDS,
        }
    ),
)
WISH = Named(
    "ImportRequest",
    shapes.body_of(
        {
            "file_id": shapes.text("Of a file that you have sent.", example="3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7"),
            "dataset": DATASET,
            "mode": MODE,
            "on_error": ON_ERROR,
            "mapping": or_null(MAPPING),
            "choices": CHOICES,
            "source": shapes.text("Where it is asked for.", most=200, example="/members"),
        },
        required=["file_id", "dataset", "mode"],
    ),
)
MODE_CHOICES = shapes.list_of(MODE)
CATALOGUE = Named(
    "ImportDatasets",
    shapes.record(
        {
            "items": shapes.list_of(
                shapes.record(
                    {
                        "key": shapes.text(),
                        "title": shapes.text(),
                        "importable": shapes.yes_no("By you."),
                        "reason": shapes.text("Why not."),
                        "modes": shapes.list_of(shapes.record({"value": MODE, "title": shapes.text()}), "Open to you."),
                        "key_column": or_null(shapes.text("The column that says which row it is.")),
                        "columns": shapes.list_of(
                            shapes.record(
                                {
                                    "key": shapes.text(),
                                    "title": shapes.text(),
                                    "kind": shapes.one_of([kind.value for kind in Kind]),
                                    "required": shapes.yes_no("Of new rows."),
                                    "choices": shapes.list_of(
                                        shapes.record({"value": shapes.text(), "title": shapes.text()}),
                                        "Cells hold either.",
                                    ),
                                    "refers_to": or_null(
                                        shapes.record(
                                            {"title": shapes.text(), "column": shapes.text()},
                                            "The value names a row of that table, which must be there.",
                                        )
                                    ),
                                    "hint": shapes.text("What may stand in a cell, in words."),
                                    "example": shapes.text(),
                                    "modes": shapes.list_of(MODE, "In which you may write it."),
                                }
                            )
                        ),
                        "hidden_columns": shapes.list_of(
                            shapes.record(
                                {
                                    "key": shapes.text(),
                                    "title": shapes.text(),
                                    "modes": shapes.list_of(MODE, "In which it is not open to you."),
                                    "reason": shapes.text(),
                                }
                            )
                        ),
                    }
                )
            ),
            "limits": shapes.record(
                {
                    "file_bytes": BYTES,
                    "chunk_rows": ROWS,
                    "keep_seconds": shapes.whole(least=0),
                    "waiting_per_person": shapes.whole(least=0),
                }
            ),
        }
    ),
)

ITEM_EXAMPLE: dict[str, Any] = {
    "job_id": "I20251003001",
    "dataset": "members",
    "dataset_title": "Members",
    "mode": "create",
    "on_error": "skip",
    "status": "review",
    "stage": "review",
    "progress": 99,
    "counts": dict.fromkeys(Counts.__dataclass_fields__, 0) | {"rows": 1000, "faulty": 2, "to_create": 998},
    "file_name": "members.csv",
    "file_size": 81234,
    "source": "/members",
    "created_by": "U1001",
    "created_at": "2025-10-03T10:00:00+08:00",
    "finished_at": None,
    "retry_of": None,
    "undoes": None,
    "error": None,
}
PROBLEM_EXAMPLE = {
    "column": "level",
    "title": "Level",
    "code": "NOT_A_CHOICE",
    "message": "“Platin” is not allowed here. Allowed: Silver, Gold, Diamond.",
    "text": "Platin",
}
NO = {"allowed": False, "reason": "Only an import that has failed or was canceled can be retried."}
YES = {"allowed": True, "reason": ""}
DETAIL_EXAMPLE = ITEM_EXAMPLE | {
    "file": {
        "file_id": "3f2b8c1e-6f0d-4a53-9d0e-3a4be1c0d2f7",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "kind": "csv",
        "encoding": "utf-8",
        "delimiter": ",",
        "sheet": "",
        "choices": {},
    },
    "mapping": [{"position": 0, "letter": "A", "label": "Member no.", "key": "member_no", "title": "Member no."}],
    "problems": [PROBLEM_EXAMPLE | {"count": 2, "row": 17}],
    "can": {"confirm": YES, "cancel": YES, "retry": NO, "undo": {"allowed": False, "reason": "It has not ended yet."}},
    "undone_by": None,
    "confirmed_at": None,
    "kept_until": "2025-10-04T10:00:03+08:00",
    "logs_tail": "2025-10-03 10:00:03 INFO 1000 rows checked: 998 can be written, 2 are faulty",
}
