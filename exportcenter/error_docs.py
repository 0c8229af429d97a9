"""Shape and operation of the list of error codes, as the OpenAPI document tells them."""

from django.utils.translation import gettext_lazy as _

from exportcenter.common.openapi import Answer, Operation, Tag, shapes
from exportcenter.common.openapi.shapes import AnyShape, Named

ERRORS = Tag("errors", _("Error codes"), "What each code means.")
WORDS: dict[str, AnyShape] = {"message": shapes.text(), "advice": shapes.text()}
CODE = shapes.text(pattern="^[A-Z][A-Z_]+$")
NUMBER = shapes.whole(least=10000)
CODES = Named(
    "ErrorCodes",
    shapes.record(
        {
            "items": shapes.list_of(
                shapes.record(
                    {"code": CODE, "status": shapes.whole(), "client_code": NUMBER, **WORDS, "docs": shapes.text()}
                )
            ),
            "jobs": shapes.list_of(shapes.record({"code": CODE, **WORDS, "tried_again": shapes.yes_no()})),
            "client": shapes.list_of(
                shapes.record({"client_code": NUMBER, "message": shapes.text(), "codes": shapes.list_of(CODE)})
            ),
        }
    ),
)
LIST_ERRORS = Operation(
    "listErrors", _("What the codes mean"), ERRORS, [Answer(200, "Every code.", CODES)], public=True
)
