"""Shapes and operations of what people set up for themselves, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common import errors
from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problem, problems, shapes
from exportcenter.common.openapi.polling import ETAG, IF_NONE_MATCH, UNCHANGED
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from jobs.exports import api_shapes
from jobs.exports.api_docs import LOCATION
from jobs.exports.definitions_docs import ROLES, ROLES_WISH, SHARED
from jobs.notices.presenting import Level
from jobs.pages import saved_views, ui_events
from jobs.pages.preferences import ENDINGS, EXPORTS, PAGES

NOTICES = Tag("notifications", _("Notifications"), "What you were told about the end of your jobs.")
OWN = Tag("own", _("Preferences and views"), "What you have set up for yourself.")

NOTIFICATION = Named(
    "Notification",
    shapes.record(
        {
            "id": shapes.whole(least=1),
            "kind": shapes.text("`<kind of job>.ready`, `.failed` or `.canceled`.", example="export.ready"),
            "subject": shapes.text("Number of the job."),
            "title": shapes.text(),
            "text": shapes.text(),
            "level": shapes.one_of([level.value for level in Level]),
            "created_at": shapes.moment(),
            "read_at": or_null(shapes.moment()),
            "link": or_null(shapes.text("Path of the job's page, for people of the platform.")),
        }
    ),
)
UNREAD = shapes.whole("Counted to 1,000.", least=0)
INBOX = Named("Inbox", shapes.record({"unread": UNREAD, "items": shapes.list_of(NOTIFICATION, most=100)}))
READ = Named("ReadAnswer", shapes.record({"unread": UNREAD}))
READ_WISH = Named(
    "ReadRequest",
    {
        "oneOf": [
            shapes.body_of({"ids": shapes.list_of(shapes.whole(), most=500)}, required=["ids"]),
            shapes.body_of({"all": {"const": True}}, required=["all"]),
        ]
    },
)

COLUMN = shapes.body_of(
    {
        "key": shapes.text(least=1, most=63),
        "width": or_null(shapes.whole("Pixels.", least=40, most=2000)),
        "shown": shapes.yes_no(),
    },
    required=["key", "width", "shown"],
)
ENDINGS_CHOSEN = shapes.body_of({ending: shapes.yes_no() for ending in ENDINGS})
EXPORTS_CHOICES = shapes.body_of(
    {
        "columns": shapes.list_of(COLUMN, most=100),
        "density": shapes.one_of(["comfortable", "compact"]),
        "default_view": or_null(shapes.text("Id of a saved view.", least=1, most=40)),
        "folded": shapes.list_of(shapes.text(least=1, most=63), "Names of sections.", most=50, uniqueItems=True),
        "drawer_width": or_null(shapes.whole("Pixels.", least=240, most=4000)),
        "filters_open": shapes.yes_no(),
    },
    "Of the page `exports`.",
)
NOTIFICATION_CHOICES = shapes.body_of({"bell": ENDINGS_CHOSEN, "mail": ENDINGS_CHOSEN}, "Of `notifications`.")
CHOICES: AnyShape = {"anyOf": [EXPORTS_CHOICES, NOTIFICATION_CHOICES]}
PREFERENCE = Named("Preference", shapes.record({"value": CHOICES}, "Complete: what was never chosen has its default."))
PREFERENCE_WISH = Named("PreferenceRequest", shapes.body_of({"value": CHOICES}, required=["value"]))
PREFERENCE_EXAMPLES = {"a page": {"value": {"density": "compact"}}, "mail": {"value": {"mail": {"failed": True}}}}

QUERY = shapes.map_of(
    shapes.list_of(shapes.text(most=saved_views.LONGEST_TEXT), most=saved_views.MOST_TEXTS),
    "Parameters of the list, each with a list of texts.",
    maxProperties=saved_views.MOST_FILTERS,
)
VIEW_NAME = shapes.text(least=1, most=saved_views.LONGEST_NAME)
VIEW = Named(
    "SavedView",
    shapes.record(
        {
            "id": shapes.text(),
            "name": shapes.text(),
            "builtin": shapes.yes_no("One of the product's own."),
            "page": shapes.one_of(list(saved_views.PAGES)),
            "query": QUERY,
            "shared": SHARED,
            "roles": ROLES,
            "owner": or_null(shapes.record({"code": api_shapes.USER, "name": shapes.text()})),
            "mine": shapes.yes_no(),
            "may_change": shapes.yes_no(),
            "default": shapes.yes_no("Whether the page opens with it."),
        }
    ),
)
VIEWS = Named(
    "SavedViews",
    shapes.record(
        {
            "items": shapes.list_of(VIEW),
            "roles": shapes.list_of(
                shapes.record({"key": shapes.text(), "title": shapes.text()}), "With which a view can be shared."
            ),
        }
    ),
)
VIEW_FIELDS: dict[str, AnyShape] = {"name": VIEW_NAME, "query": QUERY, "shared": SHARED, "roles": ROLES_WISH}
VIEW_WISH = Named(
    "SavedViewRequest",
    shapes.body_of({"page": shapes.one_of(list(saved_views.PAGES))} | VIEW_FIELDS, required=["page", "name", "query"]),
)
VIEW_CHANGE = Named("SavedViewChange", shapes.body_of(VIEW_FIELDS))
VIEW_EXAMPLE = {
    "page": "exports",
    "name": "Failed orders",
    "query": {"status": ["failed"], "type": ["orders"]},
    "shared": "roles",
    "roles": ["finance"],
}
KEY = Parameter("key", shapes.text(), "Id of the view.", "path")
THE_PAGE = Parameter("page", shapes.one_of(list(PAGES)), "Which page.", "path")
MANY_EVENTS = problem(
    errors.Throttled,
    "Too many events in the last minute.",
    name="TooManyEvents",
    headers={"Retry-After": problems.MAYBE_RETRY_AFTER},
)

LIST_NOTIFICATIONS = Operation(
    "listNotifications",
    _("List notifications"),
    NOTICES,
    [Answer(200, "The newest first. Fewer than `limit` are the last ones.", INBOX, headers=ETAG), UNCHANGED],
    parameters=[
        Parameter("before", shapes.whole(least=1, most=10**12 - 1), "Only what is older than this id."),
        Parameter("limit", shapes.whole(least=1, most=100, default=20)),
        IF_NONE_MATCH,
    ],
)
READ_NOTIFICATIONS = Operation(
    "readNotifications",
    _("Mark notifications as read"),
    NOTICES,
    [Answer(200, "How many are left.", READ, {"none": {"unread": 0}})],
    "Ids of others are passed over.",
    body=Body(READ_WISH, {"two": {"ids": [4710, 4711]}, "all": {"all": True}}),
)
GET_PREFERENCE = Operation(
    "getPreference",
    _("Read one's choices for a page"),
    OWN,
    [Answer(200, "All of them.", PREFERENCE)],
    parameters=[THE_PAGE],
    problems=[problems.INVALID],
)
SET_PREFERENCE = Operation(
    "setPreference",
    _("Replace one's choices for a page"),
    OWN,
    [Answer(200, "What is not named has its default again.", PREFERENCE)],
    "At most 16 KiB; the last write wins.",
    parameters=[THE_PAGE],
    body=Body(PREFERENCE_WISH, PREFERENCE_EXAMPLES),
)
CHANGE_PREFERENCE = Operation(
    "changePreference",
    _("Change some of one's choices for a page"),
    OWN,
    [Answer(200, "What is named on the first level was replaced.", PREFERENCE)],
    parameters=[THE_PAGE],
    body=Body(PREFERENCE_WISH, PREFERENCE_EXAMPLES),
)
LIST_VIEWS = Operation(
    "listSavedViews",
    _("List saved views"),
    OWN,
    [Answer(200, "The product's own, then yours, then those shared with you.", VIEWS)],
    parameters=[Parameter("page", shapes.one_of(list(saved_views.PAGES), default=EXPORTS))],
)
CREATE_VIEW = Operation(
    "createSavedView",
    _("Save a view"),
    OWN,
    [Answer(201, "The view.", VIEW, headers=LOCATION)],
    "409 when the name is taken, or there are 100 already.",
    body=Body(VIEW_WISH, {"failed": VIEW_EXAMPLE}),
    problems=[problems.CONFLICT],
)
GET_VIEW = Operation(
    "getSavedView",
    _("Look at a saved view"),
    OWN,
    [Answer(200, "The view.", VIEW)],
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
CHANGE_VIEW = Operation(
    "changeSavedView",
    _("Change a saved view"),
    OWN,
    [Answer(200, "The view.", VIEW)],
    "For its owner.",
    parameters=[KEY],
    body=Body(VIEW_CHANGE, {"name": {"name": "Failed orders, all"}}),
    problems=[problems.NOT_FOUND, problems.CONFLICT],
)
DELETE_VIEW = Operation(
    "deleteSavedView",
    _("Delete a saved view"),
    OWN,
    [Answer(200, "It is gone.", api_shapes.OK, {"ok": {"ok": True}})],
    "For its owner.",
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
MAKE_DEFAULT = Operation(
    "openWithSavedView",
    _("Open the page with a view"),
    OWN,
    [Answer(200, "The page opens with it from now on.", VIEW)],
    parameters=[KEY],
    body=Body(api_shapes.EMPTY, {"nothing": {}}, required=False),
    problems=[problems.NOT_FOUND],
)
UNMAKE_DEFAULT = Operation(
    "openWithoutSavedView",
    _("Open the page without a view"),
    OWN,
    [Answer(200, "The page does not open with it any more.", VIEW)],
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
REPORT_EVENTS = Operation(
    "reportPageEvents",
    _("Say what happened on a page"),
    OWN,
    [Answer(204, "They are noted.")],
    "What our own pages tell about their use. No word that a person typed is taken.",
    body=Body(
        Named(
            "PageEventsRequest",
            shapes.body_of(
                {
                    "events": shapes.list_of(
                        shapes.body_of(
                            {
                                "name": shapes.one_of(list(ui_events.EVENTS)),
                                "data": shapes.any_object("Depends on the name."),
                            },
                            required=["name"],
                        ),
                        least=1,
                        most=ui_events.MOST_EVENTS,
                    )
                },
                required=["events"],
            ),
        ),
        {"retry": {"events": [{"name": "job_retry_click", "data": {"job_id": "E20251003001"}}]}},
    ),
    problems=[MANY_EVENTS],
)
