"""Operations of the export API, as the OpenAPI document tells them; the views are in jobs.exports.api."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from exportcenter.common import errors
from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problem, problems, shapes
from exportcenter.common.openapi.polling import BY_CURSOR, ETAG, IF_NONE_MATCH, LINK, UNCHANGED
from exportcenter.common.openapi.shapes import Named, or_empty
from jobs.exports import api_shapes as our
from jobs.exports.filters import ORDERINGS
from jobs.exports.links import LinkRefused
from jobs.exports.waiting import LONGEST, PARAMETER
from jobs.idempotency import LONGEST as LONGEST_KEY

EXPORTS = Tag("exports", _("Exports"), "Files made of the rows that you may see.")

JOB_NO = Parameter("job_no", shapes.text(example="E20251003001"), "Number of the export.", "path")
PAGE = Parameter("page", shapes.whole(least=1, most=1_000_000, default=1), "From 1; down to row 1,000,000.")
PAGE_SIZE = Parameter("page_size", shapes.whole(least=1, most=200, default=20))
LIST = (
    PAGE,
    PAGE_SIZE,
    *BY_CURSOR,
    Parameter("ordering", shapes.one_of(list(ORDERINGS), default="-created_at"), "`-` for descending."),
    Parameter("status", shapes.list_of(our.STATUS), "Repeat it for several."),
    Parameter("type", shapes.list_of(our.TYPE), "Repeat it for several."),
    Parameter("file_type", shapes.list_of(our.FILE_TYPE), "Repeat it for several."),
    Parameter("created_by", shapes.text(most=20, example="U1001"), "Number of the person."),
    Parameter("source", shapes.text(most=200, example="/orders"), "Exactly."),
    Parameter("created_from", or_empty(shapes.moment()), "Inclusive."),
    Parameter("created_to", or_empty(shapes.moment()), "Exclusive."),
    Parameter("size_min", or_empty(shapes.whole(least=0, most=2**62)), "Bytes, inclusive."),
    Parameter("size_max", or_empty(shapes.whole(least=0, most=2**62)), "Bytes, inclusive."),
    Parameter("q", shapes.text(most=30, example="E20251003"), "Beginning of the job number."),
)
ESTIMATED = {
    "X-Total-Estimated": {
        "description": "`true` when `total` is an estimate, because counting would cost more than the page.",
        "schema": shapes.one_of(["true"]),
    }
}
LOCATION = {"Location": {"description": "Address of what was made.", "required": True, "schema": shapes.text()}}

TOO_SOON = problem(
    errors.StateConflict,
    "Its state does not allow it; of a retry also: too soon, `details.retry_after` and `Retry-After` say how long.",
    name="RetryConflict",
    message="The job is running. Wait until it has ended, or cancel it first.",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)
QUEUE_FULL = problem(
    errors.Throttled,
    "The queue of the person or the company is full, or too many requests of the person wait.",
    name="QueueFull",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)
GONE = problem(errors.Gone, "The file's time is over; retry makes a new one.")
LINK_INVALID = problem(
    LinkRefused,
    "The link is over, foreign, used up, revoked or forged.",
    name="LinkInvalid",
    message="This download link is not valid (any more).",
    advice="Open the export and take a fresh link from there.",
)

IN_PROGRESS = problem(
    errors.IdempotencyInProgress,
    "The first request with this `Idempotency-Key` is not answered yet.",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)
MISMATCH = problem(errors.IdempotencyMismatch, "The `Idempotency-Key` was used for another body.")
SAFE = (
    Parameter(
        "Idempotency-Key",
        shapes.text(least=1, most=LONGEST_KEY, example="8e03978e-40d5-43e8-bc93-6894a57f9324"),
        "Printable ASCII characters. The same request with the same key gets the first answer again.",
        "header",
    ),
    Parameter(PARAMETER, shapes.whole(least=0, most=LONGEST), "Seconds to wait for the end of the export."),
)
"""What everything that makes an export takes."""
REPLAYED: dict[str, Named | Mapping[str, Any]] = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the first answer to an earlier request with the same key.",
        "schema": shapes.one_of(["true"]),
    },
    "Retry-After": problems.MAYBE_RETRY_AFTER,
}
MADE: dict[str, Named | Mapping[str, Any]] = {**LOCATION, **REPLAYED}
NOT_ENDED = Answer(202, "The wait is over, the export has not ended.", our.DETAIL, headers=MADE)

WISHES = {
    "orders": {
        "type": "orders",
        "file_type": "csv",
        "params": {"start": "2025-09-01", "end": "2025-09-30"},
        "source": "/orders",
    },
    "custom": {
        "type": "reports_custom",
        "file_type": "xlsx",
        "params": {
            "dataset": "orders",
            "columns": [{"key": "order_no"}, {"key": "amount", "label": "Due"}],
            "filters": [{"column": "created_at", "op": "last_month"}],
        },
    },
}

LIST_EXPORTS = Operation(
    "listExports",
    _("List exports"),
    EXPORTS,
    [
        Answer(
            200, "A page of those that you may see.", our.EXPORTS, {"page": our.PAGE_EXAMPLE}, ESTIMATED | LINK | ETAG
        ),
        UNCHANGED,
    ],
    "Unknown parameters are refused by name. By `page`, or by `cursor`.",
    parameters=[*LIST, IF_NONE_MATCH],
)
CREATE_EXPORT = Operation(
    "createExport",
    _("Create an export"),
    EXPORTS,
    [
        Answer(200, "An identical fresh export was joined: `reused` is true.", our.DETAIL, headers=REPLAYED),
        Answer(
            201,
            "It is queued; with `wait` it has ended.",
            our.DETAIL,
            {"queued": our.DETAIL_EXAMPLE | {"status": "queued"}},
            MADE,
        ),
        NOT_ENDED,
    ],
    "Rights, filters and the rows that you may see are checked now and once more when it runs.",
    parameters=SAFE,
    body=Body(our.WISH, WISHES),
    problems=[IN_PROGRESS, MISMATCH, problems.NOT_FOUND, problems.LOCKED, QUEUE_FULL],
)
ESTIMATE_EXPORT = Operation(
    "estimateExport",
    _("Ask what an export would be"),
    EXPORTS,
    [
        Answer(
            200,
            "Nothing is stored.",
            our.PREVIEW,
            {
                "history": {
                    "rows": 18107,
                    "rows_range": [15214, 21549],
                    "bytes": 3020859,
                    "seconds": 0.41,
                    "wait_seconds": 0.0,
                    "exact": False,
                    "basis": "history",
                    "limits": [{"code": "masked_columns", "message": "Partly hidden from your role: Buyer, Phone."}],
                    "note": "From the database's statistics, corrected by 3 earlier exports with these filters.",
                }
            },
        )
    ],
    "Takes the body of a creation and checks it alike.",
    body=Body(our.QUESTION, {"orders": WISHES["orders"] | {"exact": True}}),
)
ESTIMATE_ACCURACY = Operation(
    "getEstimateAccuracy",
    _("How good estimates were"),
    EXPORTS,
    [Answer(200, "Per dataset, of the last 30 days.", our.ACCURACY)],
    "For people who see every export.",
)
GET_EXPORT = Operation(
    "getExport",
    _("Look at an export"),
    EXPORTS,
    [Answer(200, "The export.", our.DETAIL, {"running": our.DETAIL_EXAMPLE}, ETAG), UNCHANGED],
    parameters=[JOB_NO, IF_NONE_MATCH],
    problems=[problems.NOT_FOUND],
)
RETRY_EXPORT = Operation(
    "retryExport",
    _("Retry an export"),
    EXPORTS,
    [
        Answer(
            200,
            "A new export with the same parameters; with `wait` it has ended, and its fields are there, too.",
            our.RETRIED,
            {"new": {"new_job_id": "E20251003002"}},
            REPLAYED,
        ),
        Answer(202, "The wait is over, the export has not ended.", our.RETRIED, headers=MADE),
    ],
    parameters=[JOB_NO, *SAFE],
    body=Body(our.EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, TOO_SOON, IN_PROGRESS, MISMATCH, problems.LOCKED, QUEUE_FULL],
)
CANCEL_EXPORT = Operation(
    "cancelExport",
    _("Cancel an export"),
    EXPORTS,
    [Answer(200, "It ends at once or, when it is running, within seconds.", our.OK, {"ok": {"ok": True}})],
    parameters=[JOB_NO],
    body=Body(our.EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
ACCELERATE_EXPORT = Operation(
    "accelerateExport",
    _("Move an export to the fast lane"),
    EXPORTS,
    [Answer(200, "It runs before those of the normal lane.", our.OK, {"ok": {"ok": True}})],
    "For administrators.",
    parameters=[JOB_NO],
    body=Body(our.EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
BULK_EXPORTS = Operation(
    "bulkExports",
    _("Do one thing to several exports"),
    EXPORTS,
    [
        Answer(
            200,
            "What became of each, also when all were refused.",
            our.BULK_DONE,
            {
                "one done, one refused": {
                    "done": 1,
                    "results": [
                        {
                            "job_id": "E20251003001",
                            "ok": True,
                            "new_job_id": "E20251003007",
                            "code": None,
                            "message": None,
                            "advice": None,
                        },
                        {
                            "job_id": "E20251003002",
                            "ok": False,
                            "new_job_id": None,
                            "code": "NOT_FOUND",
                            "message": "No such job.",
                            "advice": "",
                        },
                    ],
                }
            },
        )
    ],
    body=Body(our.BULK, {"retry": {"action": "retry", "job_ids": ["E20251003001", "E20251003002"]}}),
)
DELETE_EXPIRED = Operation(
    "deleteExpiredExports",
    _("Delete expired exports"),
    EXPORTS,
    [Answer(200, "How many are gone.", our.DELETED, {"some": {"deleted": 12}})],
    "Every expired export of the company; for administrators.",
    body=Body(our.EMPTY, {"nothing": {}}, required=False),
)
MAKE_LINK = Operation(
    "createDownloadLink",
    _("Make a download link"),
    EXPORTS,
    [
        Answer(
            201,
            "Until the file is there the link answers 202.",
            our.LINK,
            {
                "thrice": {
                    "download_url": "https://exports.example.com/api/v1/exports/E20251003001/download?token=v1.…",
                    "expires_at": "2025-10-03T10:15:00+08:00",
                    "max_uses": 3,
                }
            },
        )
    ],
    parameters=[JOB_NO],
    body=Body(our.LINK_WISH, {"thrice": {"max_uses": 3}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED, GONE],
)
REVOKE_LINKS = Operation(
    "revokeDownloadLinks",
    _("Revoke all download links"),
    EXPORTS,
    [Answer(200, "Every link that existed is dead.", our.REVOKED, {"two": {"revoked": 2}})],
    parameters=[JOB_NO],
    problems=[problems.NOT_FOUND, problems.LOCKED],
)
GET_LOG = Operation(
    "getExportLog",
    _("Read the whole log"),
    EXPORTS,
    [
        Answer(
            200,
            "A line per entry: time, level, message.",
            media={"text/plain": shapes.text()},
            headers={"Content-Disposition": {"description": "A name for it.", "schema": shapes.text()}},
        )
    ],
    "For administrators.",
    parameters=[JOB_NO],
    problems=[problems.NOT_FOUND],
)
FILE_HEADERS = {
    "Content-Disposition": {"description": "The file's name.", "schema": shapes.text()},
    "ETag": {"description": "SHA-256 in quotes; send it as `If-Range`.", "schema": shapes.text()},
    "X-Content-SHA256": {"description": "Of the whole file.", "schema": our.SHA256},
    "Repr-Digest": {"description": "The same as RFC 9530 has it.", "schema": shapes.text()},
    "Accept-Ranges": {"description": "One range is served.", "schema": shapes.one_of(["bytes"])},
}
CONTENT_RANGE = {"Content-Range": {"description": "What is sent of how much.", "schema": shapes.text()}}
FILE_MEDIA = {
    kind: {} if kind == "application/json" else shapes.text(format="binary")
    for kind in (
        "text/csv",
        "application/json",
        "application/x-ndjson",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.apache.parquet",
        "application/gzip",
        "application/zip",
    )
}
DOWNLOAD = Operation(
    "downloadExport",
    _("Download the file"),
    EXPORTS,
    [
        Answer(200, "The file, or the manifest of a result in several.", headers=FILE_HEADERS, media=FILE_MEDIA),
        Answer(
            202,
            "The file has not landed yet.",
            our.NOT_LANDED,
            {"running": {"job_id": "E20251003001", "status": "processing", "progress": 65, "message": "…"}},
            {"Retry-After": problems.RETRY_AFTER},
        ),
        Answer(304, "You have the file already.", headers=ETAG),
        Answer(206, "The range that was asked for.", headers=FILE_HEADERS | CONTENT_RANGE, media=FILE_MEDIA),
    ],
    "Use the `download_url` of an export or a link as it is. It is no authority by itself: send your token or session "
    "along. Whoever prefers `text/html` gets refusals as a page with the same status.",
    parameters=[
        JOB_NO,
        Parameter("token", shapes.text(), "From `download_url`.", required=True),
        Parameter("part", shapes.text(pattern=r"^\d*$"), "Number of a part, from 1."),
        Parameter("Range", shapes.text(example="bytes=0-1023"), "One range of bytes.", "header"),
        IF_NONE_MATCH,
        Parameter("If-Match", shapes.text(), "The `ETag` of the file that you want, or 412.", "header"),
        Parameter("Want-Repr-Digest", shapes.text(), "`sha-256=0`: without `Repr-Digest`.", "header"),
        Parameter("If-Range", shapes.text(), "The `ETag` that the range belongs to.", "header"),
    ],
    problems=[
        problem(errors.PreconditionFailed, "The file is not the one that `If-Match` names."),
        LINK_INVALID,
        problems.NOT_FOUND,
        problems.CONFLICT,
        GONE,
        problems.Problem(
            "RangeNotSatisfiable",
            416,
            "RANGE_NOT_SATISFIABLE",
            "The range begins beyond the end.",
            {"message": "The file has 900 bytes."},
            CONTENT_RANGE,
        ),
    ],
)
