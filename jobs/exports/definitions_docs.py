"""Shapes and operations of definitions, as the OpenAPI document tells them; the views are in
jobs.exports.definitions_api."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problems, shapes
from exportcenter.common.openapi.polling import BY_CURSOR, LINK
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from jobs.exports import api_shapes
from jobs.exports.api_docs import (
    ESTIMATED,
    IN_PROGRESS,
    LOCATION,
    MADE,
    MISMATCH,
    NOT_ENDED,
    PAGE,
    PAGE_SIZE,
    QUEUE_FULL,
    SAFE,
)
from jobs.exports.bodies import HIGHEST_VERSION
from jobs.exports.definitions import LONGEST_NAME, LONGEST_TEXT
from jobs.sharing import MOST_ROLES, Sharing

DEFINITIONS = Tag("definitions", _("Custom exports"), "Selections of columns and rows under a name.")

SHARED = Named("Sharing", shapes.one_of(Sharing.values, "Who sees it beside its owner."))
ROLES = shapes.list_of(shapes.text(example="finance"), "Keys of roles; when, and only when, it is shared with roles.")
ROLES_WISH = or_null({**ROLES, "maxItems": MOST_ROLES})
CONDITION = shapes.body_of(
    {
        "column": shapes.text(),
        "op": shapes.text("`equals`, `in`, `range`, `contains`, `last_month`, …", example="range"),
        "value": {"description": "Depends on `op`: one value, a list, or `{min, max}`."},
    },
    required=["column", "op"],
)
SELECTION = Named(
    "Selection",
    shapes.body_of(
        {
            "columns": shapes.list_of(
                shapes.body_of(
                    {"key": shapes.text(), "label": shapes.text("In place of its heading.", least=1, most=100)},
                    required=["key"],
                ),
                "In file order; else the usual ones.",
            ),
            "order": shapes.list_of(
                shapes.body_of({"key": shapes.text(), "descending": shapes.yes_no(default=False)}, required=["key"]),
                most=10,
            ),
            "filters": shapes.list_of(CONDITION, "All must be true.", most=50),
            "file_type": api_shapes.FILE_TYPE,
            "options": api_shapes.OPTIONS,
        },
        "Columns, order and filters of a dataset.",
    ),
)
SHOWN_BODY = shapes.any_object("Its content; values that a mask would hide are left out.")
FIELDS: dict[str, AnyShape] = {
    "id": shapes.text(format="uuid"),
    "name": shapes.text(),
    "description": shapes.text(),
    "dataset": shapes.text(),
    "version": shapes.whole(least=1),
    "shared": SHARED,
    "roles": ROLES,
    "owner": api_shapes.USER,
    "created_at": shapes.moment(),
    "updated_at": shapes.moment(),
    "archived_at": or_null(shapes.moment()),
    "may_change": shapes.yes_no(),
    "may_run": shapes.yes_no(),
}
STAMP: dict[str, AnyShape] = {
    "version": shapes.whole(least=1),
    "created_by": api_shapes.USER,
    "created_at": shapes.moment(),
    "comment": shapes.text(),
}
PAGE_OF_THEM = api_shapes.page_of("DefinitionPage", Named("Definition", shapes.record(FIELDS)))
DETAIL = Named(
    "DefinitionDetail",
    shapes.record(
        FIELDS
        | {
            "body": SHOWN_BODY,
            "versions": shapes.list_of(
                shapes.record(STAMP | {"changes": shapes.list_of(shapes.text(), "In words.")}),
                "The newest, the newest first.",
                most=50,
            ),
        }
    ),
)
VERSION = Named("DefinitionVersion", shapes.record(STAMP | {"body": SHOWN_BODY}))
TEXTS: dict[str, AnyShape] = {
    "name": shapes.text(least=1, most=LONGEST_NAME),
    "description": shapes.text(most=LONGEST_TEXT),
    "comment": shapes.text("What this version is for.", most=LONGEST_TEXT),
}
NEW = Named(
    "DefinitionRequest",
    shapes.body_of(
        TEXTS | {"dataset": shapes.text(), "body": SELECTION, "shared": SHARED, "roles": ROLES_WISH},
        required=["name", "dataset", "body"],
    ),
)
VERSION_NUMBER = shapes.whole(least=1, most=HIGHEST_VERSION)
CHANGE = Named(
    "DefinitionChange",
    shapes.body_of(TEXTS | {"expected_version": VERSION_NUMBER, "body": SELECTION}, required=["expected_version"]),
)
SHARE = Named("ShareRequest", shapes.body_of({"shared": SHARED, "roles": ROLES_WISH}, required=["shared"]))
RUN = Named(
    "RunRequest",
    shapes.body_of(
        {
            "version": VERSION_NUMBER,
            "file_type": api_shapes.FILE_TYPE,
            "options": api_shapes.OPTIONS,
            "source": shapes.text(most=200),
        }
    ),
)

KEY = Parameter("key", shapes.text(format="uuid"), "Id of the definition.", "path")
YES = shapes.one_of(["true", "false"])
CHANGES = [problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED]
EXAMPLE = {
    "name": "Month end",
    "dataset": "orders",
    "description": "",
    "comment": "first",
    "shared": "roles",
    "roles": ["finance"],
    "body": {
        "columns": [{"key": "order_no"}, {"key": "amount", "label": "Due"}],
        "filters": [{"column": "created_at", "op": "last_month"}],
        "file_type": "xlsx",
    },
}


def _one(description: str) -> list[Answer]:
    return [Answer(200, description, DETAIL)]


LIST_DEFINITIONS = Operation(
    "listDefinitions",
    _("List custom exports"),
    DEFINITIONS,
    [Answer(200, "The last changed first.", PAGE_OF_THEM, headers=ESTIMATED | LINK)],
    parameters=[
        PAGE,
        PAGE_SIZE,
        *BY_CURSOR,
        Parameter("mine", YES, "Only one's own, or only those of others."),
        Parameter("archived", {**YES, "default": "false"}),
        Parameter("dataset", shapes.text()),
        Parameter("q", shapes.text(), "In name or description."),
    ],
)
CREATE_DEFINITION = Operation(
    "createDefinition",
    _("Save a custom export"),
    DEFINITIONS,
    [Answer(201, "Version 1 of it.", DETAIL, headers=LOCATION)],
    body=Body(NEW, {"month end": EXAMPLE}),
)
GET_DEFINITION = Operation(
    "getDefinition",
    _("Look at a custom export"),
    DEFINITIONS,
    _one("With its content and its versions."),
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
CHANGE_DEFINITION = Operation(
    "changeDefinition",
    _("Change a custom export"),
    DEFINITIONS,
    _one("Another `body` has made a new version."),
    "409 when `expected_version` is not its version: somebody was faster.",
    parameters=[KEY],
    body=Body(CHANGE, {"name": {"expected_version": 1, "name": "Month end, all regions"}}),
    problems=CHANGES,
)
GET_VERSION = Operation(
    "getDefinitionVersion",
    _("Look at one version"),
    DEFINITIONS,
    [Answer(200, "What it said then.", VERSION)],
    parameters=[KEY, Parameter("number", shapes.whole(least=0), "Of the version.", "path")],
    problems=[problems.NOT_FOUND],
)
SHARE_DEFINITION = Operation(
    "shareDefinition",
    _("Share a custom export"),
    DEFINITIONS,
    _one("Sharing shows the definition, never data."),
    parameters=[KEY],
    body=Body(SHARE, {"roles": {"shared": "roles", "roles": ["finance"]}, "nobody": {"shared": "private"}}),
    problems=CHANGES,
)
ARCHIVE_DEFINITION = Operation(
    "archiveDefinition",
    _("Archive a custom export"),
    DEFINITIONS,
    _one("It cannot be run any more, and its name is free."),
    parameters=[KEY],
    body=Body(api_shapes.EMPTY, {"nothing": {}}, required=False),
    problems=CHANGES,
)
RESTORE_DEFINITION = Operation(
    "restoreDefinition",
    _("Bring a custom export back"),
    DEFINITIONS,
    _one("It is in use again."),
    parameters=[KEY],
    body=Body(api_shapes.EMPTY, {"nothing": {}}, required=False),
    problems=CHANGES,
)
RUN_DEFINITION = Operation(
    "runDefinition",
    _("Run a custom export"),
    DEFINITIONS,
    [Answer(201, "It is queued; with `wait` it has ended.", api_shapes.DETAIL, headers=MADE), NOT_ENDED],
    parameters=[KEY, *SAFE],
    body=Body(RUN, {"as it is": {}, "as a sheet": {"version": 3, "file_type": "xlsx"}}, required=False),
    problems=[problems.NOT_FOUND, problems.CONFLICT, IN_PROGRESS, MISMATCH, problems.LOCKED, QUEUE_FULL],
)
