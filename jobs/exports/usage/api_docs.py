"""Shapes and operation of the usage overview, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Operation, Parameter, shapes
from exportcenter.common.openapi.shapes import AnyShape, Named, or_null
from jobs.exports import api_shapes
from jobs.exports.api_docs import EXPORTS
from jobs.exports.usage.period import LENGTHS, USUAL

COUNT = shapes.whole(least=0)
SECONDS = or_null(shapes.number(least=0))
DOWNLOADS: dict[str, AnyShape] = {"downloads": COUNT, "downloaded_bytes": COUNT}
SUMS: dict[str, AnyShape] = {
    "started": COUNT,
    "ready": COUNT,
    "failed": COUNT,
    "canceled": COUNT,
    "unfinished": COUNT,
    "failure_rate": or_null(shapes.number("Of those that ended by themselves.", least=0, most=1)),
    "bytes": COUNT,
    "median_seconds": SECONDS,
    "p95_seconds": SECONDS,
    **DOWNLOADS,
}
SUM = Named("UsageSum", shapes.record(SUMS))
USAGE = Named(
    "Usage",
    shapes.record(
        {
            "from": shapes.day(),
            "to": shapes.day(),
            "time_zone": shapes.text(example="Asia/Shanghai"),
            "as_of": shapes.moment(),
            "total": SUM,
            "before": SUM,
            "days": shapes.list_of(shapes.record({"day": shapes.day()} | SUMS)),
            "types": shapes.list_of(shapes.record({"type": shapes.text(), "title": shapes.text()} | SUMS)),
            "people": shapes.list_of(
                shapes.record({"user": api_shapes.USER, "name": shapes.text(), "exports": COUNT} | DOWNLOADS)
            ),
            "events": shapes.list_of(
                shapes.record(
                    {
                        "name": shapes.text(),
                        "title": shapes.text(),
                        "total": COUNT,
                        "days": shapes.list_of(COUNT),
                    }
                )
            ),
            "accuracy": api_shapes.ACCURACY,
        }
    ),
)
GET_USAGE = Operation(
    "getUsage",
    _("How exports are used"),
    EXPORTS,
    [Answer(200, "Figures of the period and of the time right before.", USAGE)],
    "For administrators. Days are those of your time zone; send either `days`, or `from` and `to`.",
    parameters=[
        Parameter("days", shapes.one_of([str(days) for days in LENGTHS], default=str(USUAL)), "The last ones."),
        Parameter("from", shapes.day(), "First day."),
        Parameter("to", shapes.day(), "Last day; at most 366."),
    ],
)
