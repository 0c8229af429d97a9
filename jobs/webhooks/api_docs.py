"""Shapes and operations of webhooks, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Body, Operation, Parameter, Tag, problems, shapes
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from exportcenter.common.paging import LARGEST_PAGE, PAGE_SIZE
from jobs.engine.states import Status
from jobs.exports import api_shapes
from jobs.exports.api_docs import LOCATION
from jobs.models.webhook import Delivery, Scope, Stopped
from jobs.webhooks import checks

WEBHOOKS = Tag("webhooks", _("Webhooks"), "Addresses of yours that are told what happens to jobs.")

FIELDS: dict[str, AnyShape] = {
    "url": shapes.text("`https`, a host by name that leads to public addresses.", least=1, most=2000),
    "description": shapes.text(most=checks.LONGEST_DESCRIPTION),
    "events": shapes.list_of(shapes.one_of(list(checks.EVENTS)), "At least one.", least=1),
    "statuses": shapes.list_of(shapes.one_of(Status.values), "Empty: all."),
    "kinds": shapes.list_of(shapes.one_of(checks.known_kinds), "Kinds of jobs. Empty: all."),
    "datasets": shapes.list_of(shapes.one_of(checks.known_datasets), "Empty: all."),
    "enabled": shapes.yes_no(),
}
SCOPE = shapes.one_of(Scope.values, "Of which jobs it hears: what its owner may see, or all of the company.")
SECRET = shapes.record(
    {"number": shapes.whole(least=1), "created_at": shapes.moment(), "expires_at": or_null(shapes.moment())},
    "A secret that signs; which one it is, not what it is.",
)
SHOWN: dict[str, AnyShape] = {
    "id": shapes.text(),
    "url": shapes.text(),
    "scope": SCOPE,
    "owner": api_shapes.USER,
    **{name: FIELDS[name] for name in ("description", "events", "statuses", "kinds", "datasets", "enabled")},
    "disabled_reason": or_null(shapes.one_of(Stopped.values)),
    "disabled_at": or_null(shapes.moment()),
    "failures": shapes.whole("Attempts that failed since the last success.", least=0),
    "failing_since": or_null(shapes.moment()),
    "secrets": shapes.list_of(SECRET),
    "created_at": shapes.moment(),
    "updated_at": shapes.moment(),
}
WEBHOOK = Named("Webhook", shapes.record(SHOWN))
WITH_SECRET = Named(
    "WebhookWithSecret",
    shapes.record(SHOWN | {"secret": shapes.text("Shown this once.", pattern="^whsec_[A-Za-z0-9+/]+=*$")}),
)
LIST = Named("Webhooks", shapes.record({"items": shapes.list_of(WEBHOOK)}))
WISH = Named("WebhookRequest", shapes.body_of(FIELDS | {"scope": SCOPE}, required=["url"]))
CHANGE = Named("WebhookChange", shapes.body_of(FIELDS))
MESSAGE = Named(
    "WebhookDelivery",
    shapes.record(
        {
            "id": shapes.text("What the receiver gets as `webhook-id`."),
            "type": shapes.text(example="job.status"),
            "job_id": or_null(shapes.text("Number of the job; null of a test.")),
            "job_status": or_null(shapes.text("What the event says.")),
            "event_at": shapes.moment(),
            "status": shapes.one_of(Delivery.values),
            "attempts": shapes.whole(least=0),
            "attempted_at": or_null(shapes.moment()),
            "next_attempt_at": or_null(shapes.moment()),
            "response_code": or_null(shapes.whole()),
            "milliseconds": or_null(shapes.whole(least=0)),
            "answer": shapes.text("The first 1 KiB."),
            "error": or_null(shapes.text("Why it did not arrive, for programs.")),
            "error_message": shapes.text("The same in words."),
            "error_detail": shapes.text("In English."),
        }
    ),
)
LOG = Named(
    "WebhookLog",
    shapes.record({"items": shapes.list_of(MESSAGE, most=LARGEST_PAGE), "next_cursor": or_null(shapes.text())}),
)
KEY = Parameter("key", shapes.text(), "Id of the webhook.", "path")
NOTHING = Body(api_shapes.EMPTY, {"nothing": {}}, required=False)
EXAMPLE = {"url": "https://hooks.example.com/exports", "statuses": ["ready", "failed"], "description": "ERP"}

LIST_WEBHOOKS = Operation(
    "listWebhooks", _("List webhooks"), WEBHOOKS, [Answer(200, "Yours and, with the right, the company's.", LIST)]
)
CREATE_WEBHOOK = Operation(
    "createWebhook",
    _("Register a webhook"),
    WEBHOOKS,
    [Answer(201, "The webhook with its secret.", WITH_SECRET, headers=LOCATION)],
    body=Body(WISH, {"ready and failed": EXAMPLE}),
    problems=[problems.FORBIDDEN, problems.CONFLICT],
)
GET_WEBHOOK = Operation(
    "getWebhook",
    _("Read a webhook"),
    WEBHOOKS,
    [Answer(200, "The webhook.", WEBHOOK)],
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
CHANGE_WEBHOOK = Operation(
    "changeWebhook",
    _("Change a webhook"),
    WEBHOOKS,
    [Answer(200, "The webhook.", WEBHOOK)],
    parameters=[KEY],
    body=Body(CHANGE, {"switch off": {"enabled": False}}, required=False),
    problems=[problems.NOT_FOUND],
)
DELETE_WEBHOOK = Operation(
    "deleteWebhook",
    _("Delete a webhook"),
    WEBHOOKS,
    [Answer(200, "It is gone, with its log.", api_shapes.OK)],
    parameters=[KEY],
    problems=[problems.NOT_FOUND],
)
ROTATE_SECRET = Operation(
    "rotateWebhookSecret",
    _("Rotate the secret"),
    WEBHOOKS,
    [Answer(200, "The webhook with its new secret. The one before signs along for 24 hours.", WITH_SECRET)],
    parameters=[KEY],
    body=NOTHING,
    problems=[problems.NOT_FOUND],
)
TEST_WEBHOOK = Operation(
    "testWebhook",
    _("Send a test"),
    WEBHOOKS,
    [Answer(200, "What came back, after ten seconds at most.", MESSAGE)],
    parameters=[KEY],
    body=NOTHING,
    problems=[problems.NOT_FOUND, problems.CONFLICT, problems.LOCKED],
)
LIST_DELIVERIES = Operation(
    "listWebhookDeliveries",
    _("List messages of a webhook"),
    WEBHOOKS,
    [Answer(200, "The newest first.", LOG)],
    parameters=[
        KEY,
        Parameter("status", shapes.one_of(Delivery.values)),
        Parameter("type", shapes.text(example="job.status")),
        Parameter("job_id", shapes.text(), "Number of a job."),
        Parameter("cursor", shapes.text(), "`next_cursor` of the page before."),
        Parameter("page_size", shapes.whole(least=1, most=LARGEST_PAGE, default=PAGE_SIZE)),
    ],
    problems=[problems.NOT_FOUND],
)
RESEND = Operation(
    "resendWebhookDelivery",
    _("Send a message again"),
    WEBHOOKS,
    [Answer(202, "The message, which waits again.", MESSAGE)],
    parameters=[KEY, Parameter("message_id", shapes.text(), "Id of the message.", "path")],
    body=NOTHING,
    problems=[problems.NOT_FOUND, problems.CONFLICT],
)
