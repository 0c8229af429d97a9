"""Shapes of the export API: what jobs.exports.presenting answers and jobs.exports.bodies takes (S0 §7, §9)."""

from typing import Any

from exportcenter.common.openapi import shapes
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from jobs.datasets import CUSTOM, all_datasets
from jobs.engine.states import PLAIN
from jobs.exports.steps import STEPS
from jobs.models.export import FileType

JOB_NO = shapes.text("`E`, the day, and a running number.", pattern=r"^E\d{8}\d{3,}$", example="E20251003001")
USER = shapes.text("Number of a person.", pattern=r"^U\d+$", example="U1001")
SHA256 = shapes.text("In hexadecimal digits.", pattern="^[0-9a-f]{64}$")
BYTES = shapes.whole("Bytes.", least=0)
ROWS = shapes.whole(least=0)


def types() -> list[str]:
    """Everything that can be exported."""
    return [*(dataset.key for dataset in all_datasets()), CUSTOM]


STATUS = Named("ExportStatus", shapes.one_of([status.value for status in PLAIN], "Where a job stands."))
TYPE = Named("ExportType", shapes.one_of(types, "A dataset, or a selection of one's own."))
FILE_TYPE = Named("FileType", shapes.one_of(FileType.values, "How the rows are written."))
TYPE_OR_GONE: AnyShape = {
    "anyOf": [TYPE, shapes.text("One that there is no more.")],
    "description": "What is in the file.",
}
PARAMS = shapes.any_object(
    "Filters of the dataset by name: text, number, true/false, or a list where several are allowed. "
    "Of `reports_custom` a selection, or `definition` and `version`.",
    examples=[{"start": "2025-09-01", "end": "2025-09-30", "status": "paid"}],
)
OPTIONS = shapes.body_of(
    {
        "raw": shapes.yes_no("Codes instead of labels, UTC, formulas untouched.", default=False),
        "compression": shapes.one_of(["none", "gzip", "zip"], "`gzip`: `csv` and `json` only.", default="none"),
        "bom": shapes.yes_no("`csv`: begin with a byte order mark. Default true, false with `raw`."),
        "lines": shapes.yes_no("`json`: one object per line instead of one array.", default=False),
        "about": shapes.yes_no("`xlsx`, `parquet`: the file says what it is.", default=False),
    },
    "An option that the file type does not have is refused by name.",
)
JOB_ERROR = shapes.record(
    {
        "code": shapes.text("Stable name.", example="EXPORT_TIMEOUT"),
        "message": shapes.text("What went wrong."),
        "advice": shapes.text("What to do about it."),
        "stack": shapes.text("For administrators."),
    },
    "Why there is no file.",
    optional=["advice", "stack"],
)
EXPORT_FIELDS: dict[str, AnyShape] = {
    "job_id": JOB_NO,
    "type": TYPE_OR_GONE,
    "status": STATUS,
    "progress": shapes.whole("Percent.", least=0, most=100),
    "file_name": or_null(shapes.text("What the file is called.")),
    "file_type": FILE_TYPE,
    "file_size": or_null(BYTES),
    "download_url": or_null(
        shapes.text(
            "There only while the file is, and only for people who may download it. Lives 15 minutes.", format="uri"
        )
    ),
    "expires_at": or_null(shapes.moment("When the file is deleted.")),
    "params": PARAMS,
    "created_by": USER,
    "created_at": shapes.moment(),
    "finished_at": or_null(shapes.moment()),
    "source": shapes.text("Where it was asked for.", example="/orders"),
    "retry_of": or_null(JOB_NO),
    "error": or_null(JOB_ERROR),
}
EXPORT = Named("Export", shapes.record(EXPORT_FIELDS, "An export as it stands in a list."))
ESTIMATE_ERRORS = shapes.record(
    {name: shapes.number() for name in ("rows", "bytes", "seconds")},
    "Percent of what came out; above zero where too much was expected.",
)
FACTS = Named(
    "FileFacts",
    shapes.record(
        {
            "job_id": JOB_NO,
            "dataset": shapes.text("Its key."),
            "title": shapes.text("Its title."),
            "filters": shapes.list_of(
                shapes.list_of(shapes.text(), least=2, most=2), "Pairs of label and text, in the asker's words."
            ),
            "columns": shapes.list_of(
                shapes.record({name: shapes.text() for name in ("key", "title", "kind", "mask")}), "In file order."
            ),
            "masked": shapes.list_of(shapes.text(), "Titles of masked columns."),
            "data_as_of": shapes.moment("Every row is as it was then."),
            "rows": ROWS,
            "totals": shapes.map_of(shapes.text(), "Money column → exact sum; for people who may have the file."),
            "cut_cells": shapes.whole("Texts that lost their end.", least=0),
            "requested_by": shapes.text(),
            "file_type": FILE_TYPE,
            "options": shapes.any_object(),
            "time_zone": shapes.text(),
            "language": shapes.text(),
            "rounded_numbers": shapes.whole("Numbers that lost digits.", least=0),
        },
        "What the file is, written down when it was made.",
    ),
)
PART = shapes.record(
    {
        "number": shapes.whole(least=1),
        "name": shapes.text(),
        "rows": ROWS,
        "size": BYTES,
        "sha256": SHA256,
        "download_url": EXPORT_FIELDS["download_url"],
    }
)
DETAIL = Named(
    "ExportDetail",
    shapes.record(
        EXPORT_FIELDS
        | {
            "logs_tail": shapes.text("The last 100 lines of its log."),
            "sha256": or_null(SHA256),
            "rows": or_null(ROWS),
            "facts": or_null(FACTS),
            "parts": shapes.list_of(PART, "Of a result in several files; empty for a single one."),
            "estimate": or_null(
                shapes.record(
                    {
                        "rows": ROWS,
                        "bytes": BYTES,
                        "seconds": shapes.number(least=0),
                        "error": or_null(ESTIMATE_ERRORS),
                    },
                    "What was expected when it was created.",
                )
            ),
        },
        "An export with the tail of its log, and what its file is.",
    ),
)


def page_of(name: str, item: AnyShape) -> Named:
    """A page of a list; by cursor it has ``next_cursor`` in the place of ``page``, and a total on demand."""
    fields: dict[str, AnyShape] = {
        "total": shapes.whole("Of all pages; see `X-Total-Estimated`.", least=0),
        "page": shapes.whole(least=1),
        "page_size": shapes.whole(least=1, most=200),
        "items": shapes.list_of(item, most=200),
        "next_cursor": or_null(shapes.text("Where the next page begins; null at the end.")),
    }
    return Named(name, shapes.record(fields, optional=["total", "page", "next_cursor"]))


EXPORTS = page_of("ExportPage", EXPORT)
WISH_FIELDS: dict[str, AnyShape] = {
    "type": TYPE,
    "file_type": FILE_TYPE,
    "params": PARAMS,
    "columns": or_null(shapes.list_of(shapes.text(), "Names in the order of the file; else the usual ones.")),
    "options": OPTIONS,
    "source": shapes.text("Where it is asked for.", most=200, example="/orders"),
}
WISH = Named(
    "ExportRequest",
    shapes.body_of(
        WISH_FIELDS | {"reuse": shapes.yes_no("Join an identical fresh export of yours.", default=False)},
        required=["type"],
    ),
)
QUESTION = Named(
    "EstimateRequest",
    shapes.body_of(
        WISH_FIELDS | {"exact": shapes.yes_no("Have the rows counted.", default=False)},
        required=["type"],
    ),
)
EMPTY = shapes.body_of({}, "Nothing is taken.")
PREVIEW = Named(
    "Estimate",
    shapes.record(
        {
            "rows": or_null(ROWS),
            "rows_range": or_null(shapes.list_of(ROWS, least=2, most=2)),
            "bytes": or_null(BYTES),
            "seconds": or_null(shapes.number("From the moment a worker takes it.", least=0)),
            "wait_seconds": or_null(shapes.number("Before that, roughly.", least=0)),
            "exact": shapes.yes_no("Whether the rows were counted."),
            "basis": shapes.one_of(["count", "history", "planner", "guess", "unknown"], "Where the rows come from."),
            "limits": shapes.list_of(
                shapes.record({"code": shapes.text(example="masked_columns"), "message": shapes.text()}),
                "What the file will lack or run into. New codes may come.",
            ),
            "note": shapes.text("The basis in words."),
        }
    ),
)
ACCURACY_ITEM = shapes.record(
    {
        "dataset": shapes.text(),
        "jobs": shapes.whole(least=0),
        "rows": shapes.number(),
        "bytes": shapes.number(),
        "seconds": shapes.number(),
    },
    "Median absolute errors in percent.",
)
ACCURACY = Named(
    "EstimateAccuracy", shapes.record({"days": shapes.whole(least=1), "items": shapes.list_of(ACCURACY_ITEM)})
)
RETRIED = Named("Retried", shapes.record({"new_job_id": JOB_NO}))
OK = Named("Ok", shapes.record({"ok": {"const": True}}))
DELETED = Named("Deleted", shapes.record({"deleted": shapes.whole(least=0)}))
BULK = Named(
    "BulkRequest",
    shapes.body_of(
        {
            "action": shapes.one_of(lambda: list(STEPS), "What is done to each."),
            "job_ids": shapes.list_of(shapes.text(example="E20251003001"), least=1, most=100, uniqueItems=True),
        },
        required=["action", "job_ids"],
    ),
)
BULK_RESULT = shapes.record(
    {
        "job_id": shapes.text(),
        "ok": shapes.yes_no(),
        "new_job_id": or_null(JOB_NO),
        "code": or_null(shapes.text("Of the error.")),
        "message": or_null(shapes.text()),
        "advice": or_null(shapes.text()),
    }
)
BULK_DONE = Named(
    "BulkAnswer",
    shapes.record(
        {"done": shapes.whole(least=0), "results": shapes.list_of(BULK_RESULT, "In the order of `job_ids`.")}
    ),
)
LINK_WISH = Named(
    "LinkRequest",
    shapes.body_of(
        {"max_uses": or_null(shapes.whole("How often it may be used; else without limit.", least=1, most=1000))}
    ),
)
LINK = Named(
    "DownloadLink",
    shapes.record(
        {
            "download_url": shapes.text(format="uri"),
            "expires_at": shapes.moment(),
            "max_uses": or_null(shapes.whole(least=1, most=1000)),
        }
    ),
)
REVOKED = Named("Revoked", shapes.record({"revoked": shapes.whole(least=0)}))
NOT_LANDED = Named(
    "NotLanded",
    shapes.record(
        {
            "job_id": JOB_NO,
            "status": STATUS,
            "progress": shapes.whole(least=0, most=100),
            "message": shapes.text(),
        }
    ),
)

_EXAMPLE: dict[str, Any] = {
    "job_id": "E20251003001",
    "type": "orders",
    "status": "processing",
    "progress": 65,
    "file_name": None,
    "file_type": "csv",
    "file_size": None,
    "download_url": None,
    "expires_at": None,
    "params": {"start": "2025-09-01", "end": "2025-09-30", "status": "paid"},
    "created_by": "U1001",
    "created_at": "2025-10-03T10:00:00+08:00",
    "finished_at": None,
    "source": "/orders",
    "retry_of": None,
    "error": None,
}
EXPORT_EXAMPLE = _EXAMPLE
PAGE_EXAMPLE = {"total": 1, "page": 1, "page_size": 20, "items": [_EXAMPLE]}
DETAIL_EXAMPLE = _EXAMPLE | {
    "logs_tail": "2025-10-03 10:00:01 INFO 1,234 rows to write",
    "sha256": None,
    "rows": None,
    "facts": None,
    "parts": [],
    "estimate": {"rows": 1200, "bytes": 200000, "seconds": 0.4, "error": None},
}
