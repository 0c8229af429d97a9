"""Shapes and operations of batch tasks, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Operation, Parameter, Tag, problems, shapes
from exportcenter.common.openapi.shapes import Named, or_empty, or_null
from jobs.batch.facade import all_facades
from jobs.batch.listing import ORDERINGS, STATUSES

TASKS = Tag("batch-tasks", _("Batch tasks"), "Jobs of every kind in one list.")
TYPE = shapes.one_of(lambda: [facade.kind for facade in all_facades()])
STATUS = shapes.one_of(list(STATUSES))
TASK = Named(
    "Task",
    shapes.record(
        {
            "id": shapes.text("Job number; its first letter names the kind.", example="E20251003001"),
            "user_id": shapes.text(example="U1001"),
            "task_type": TYPE,
            "status": STATUS,
            "progress": shapes.whole(least=0, most=100),
            "total_records": or_null(shapes.whole("Null as long as nobody knows it.", least=0)),
            "processed_records": shapes.whole(least=0),
            "result_url": or_null(shapes.text("For people who may download.")),
            "error_message": or_null(shapes.text()),
            "created_at": shapes.moment(),
            "completed_at": or_null(shapes.moment()),
        }
    ),
)
PAGE = Named(
    "TaskPage",
    shapes.record(
        {
            "total": shapes.whole(least=0),
            "page": shapes.whole(least=1),
            "page_size": shapes.whole(least=1, most=200),
            "items": shapes.list_of(TASK),
        }
    ),
)
NUMBER = Parameter("number", shapes.text(example="E20251003001"), "Id of the task.", "path")
LIST_TASKS = Operation(
    "listTasks",
    _("List tasks"),
    TASKS,
    [Answer(200, "The page.", PAGE)],
    parameters=[
        Parameter("page", shapes.whole(least=1, most=1_000_000, default=1), "From 1; down to row 1,000,000."),
        Parameter("page_size", shapes.whole(least=1, most=200, default=20)),
        Parameter("ordering", shapes.one_of(list(ORDERINGS), default="-created_at"), "`-` for descending."),
        Parameter("status", shapes.list_of(STATUS), "Repeat it for several."),
        Parameter("task_type", shapes.list_of(TYPE), "Repeat it for several."),
        Parameter("created_from", or_empty(shapes.moment()), "Inclusive."),
        Parameter("created_to", or_empty(shapes.moment()), "Exclusive."),
    ],
)
GET_TASK = Operation(
    "getTask",
    _("Get a task"),
    TASKS,
    [Answer(200, "The task.", TASK)],
    parameters=[NUMBER],
    problems=[problems.NOT_FOUND],
)
CANCEL_TASK = Operation(
    "cancelTask",
    _("Cancel a task"),
    TASKS,
    [
        Answer(200, "It has stopped.", TASK),
        Answer(202, "It was running, and stops within seconds.", TASK),
    ],
    "Nothing is deleted.",
    parameters=[NUMBER],
    problems=[problems.FORBIDDEN, problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
