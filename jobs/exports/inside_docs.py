"""Operations of what is inside an export, and of the catalogue, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Operation, Parameter, Tag, problems, shapes
from exportcenter.common.openapi.polling import ETAG, IF_NONE_MATCH, UNCHANGED
from exportcenter.common.openapi.shapes import Named, or_null
from jobs.exports import api_shapes as our
from jobs.exports.api_docs import EXPORTS, GONE, JOB_NO

CATALOGUE = Tag("datasets", _("What can be exported"), "Datasets, their filters and columns, file types.")
KEY = Parameter("key", shapes.text(most=100, example="orders"), "Key of the dataset.", "path")
SEQ = shapes.whole(least=0)
LINES = Named(
    "LogLines",
    shapes.record(
        {
            "lines": shapes.list_of(
                shapes.record({"seq": SEQ, "time": shapes.moment(), "level": shapes.text(), "message": shapes.text()}),
                most=1000,
            ),
            "next": SEQ,
            "more": shapes.yes_no(),
        }
    ),
)
FIRST_ROWS = Named(
    "FirstRows",
    shapes.record(
        {
            "columns": shapes.list_of(shapes.record({"title": shapes.text(), "type": shapes.text()})),
            "rows": shapes.list_of(shapes.list_of(or_null(shapes.text()))),
            "more": shapes.yes_no("The file holds more rows."),
            "masked": shapes.list_of(shapes.text(), "Titles of columns that are masked for you only."),
        }
    ),
)
COLUMN = shapes.record(
    {
        "key": shapes.text(),
        "title": shapes.text(),
        "type": shapes.text(),
        "masked": shapes.yes_no(),
        "default": shapes.yes_no(),
    }
)
FILTER = shapes.record(
    {
        "key": shapes.text(),
        "title": shapes.text(),
        "kind": shapes.one_of(["choice", "date", "number", "text"]),
        "several": shapes.yes_no(),
        "required": shapes.yes_no(),
        "choices": shapes.list_of(shapes.record({"value": shapes.text(), "title": shapes.text()})),
    }
)
DATASET_FIELDS = {
    "key": shapes.text(),
    "title": shapes.text(),
    "sensitivity": shapes.one_of(["amount", "risk", "general"]),
    "sensitivity_title": shapes.text(),
    "may_export": shapes.yes_no(),
    "reason": shapes.text("Why not."),
    "may_customise": shapes.yes_no(),
    "grouped": shapes.yes_no("A row sums up rows of the table."),
    "lifetime_seconds": shapes.whole(least=0),
    "columns": shapes.list_of(COLUMN),
    "filters": shapes.list_of(FILTER),
}
OPTION = shapes.record(
    {
        "key": shapes.text(),
        "title": shapes.text(),
        "hint": shapes.text(),
        "values": {"type": "array", "items": {"type": ["string", "boolean"]}},
        "default": {"type": ["string", "boolean"]},
    }
)
FILE_FIELDS = {
    "file_types": shapes.list_of(
        shapes.record(
            {
                "key": our.FILE_TYPE,
                "title": shapes.text(),
                "hint": shapes.text(),
                "default": shapes.yes_no(),
                "most_bytes": or_null(shapes.whole(least=0)),
                "options": shapes.list_of(OPTION),
            }
        )
    ),
    "limits": shapes.record(
        {"attempt_seconds": shapes.number(least=0)}
        | {
            name: shapes.whole(least=0)
            for name in ("split_bytes", "part_bytes", "waiting_per_person", "waiting_per_company")
        }
    ),
}
DATASETS = Named("Datasets", shapes.record({"items": shapes.list_of(shapes.record(DATASET_FIELDS)), **FILE_FIELDS}))
DATASET = Named("Dataset", shapes.record(DATASET_FIELDS | FILE_FIELDS))

FOLLOW_LOG = Operation(
    "followExportLog",
    _("Follow the log"),
    EXPORTS,
    [Answer(200, "Lines behind `after`, oldest first.", LINES)],
    "Ask again with `after` = `next`; at once while `more` is true.",
    parameters=[
        JOB_NO,
        Parameter("after", SEQ, "Only lines behind this one."),
        Parameter("limit", shapes.whole(least=1, most=1000, default=200)),
    ],
    problems=[problems.NOT_FOUND],
)
GET_FACTS = Operation(
    "getExportFacts",
    _("Read what the file is"),
    EXPORTS,
    [Answer(200, "Written down when the file was made.", our.FACTS)],
    parameters=[JOB_NO],
    problems=[problems.NOT_FOUND, problems.CONFLICT],
)
GET_PREVIEW = Operation(
    "getExportPreview",
    _("Look at the first rows"),
    EXPORTS,
    [Answer(200, "At most 100 rows, masked by your rights.", FIRST_ROWS)],
    parameters=[JOB_NO],
    problems=[problems.NOT_FOUND, problems.CONFLICT, GONE],
)
LIST_DATASETS = Operation(
    "listDatasets",
    _("List what can be exported"),
    CATALOGUE,
    [Answer(200, "Every dataset that you see.", DATASETS, headers=ETAG), UNCHANGED],
    parameters=[IF_NONE_MATCH],
)
GET_DATASET = Operation(
    "getDataset",
    _("Look at a dataset"),
    CATALOGUE,
    [Answer(200, "One of them.", DATASET, headers=ETAG), UNCHANGED],
    parameters=[KEY, IF_NONE_MATCH],
    problems=[problems.NOT_FOUND],
)
