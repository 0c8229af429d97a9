"""What polls and lists have in common in the document (exportcenter.common.etag, exportcenter.common.listing)."""

from exportcenter.common.openapi import shapes
from exportcenter.common.openapi.operation import Answer, Parameter

ETAG = {"ETag": {"description": "Send it back as `If-None-Match`.", "schema": shapes.text()}}
LINK = {"Link": {"description": 'Address of the next page, `rel="next"`, while there is one.', "schema": shapes.text()}}
IF_NONE_MATCH = Parameter("If-None-Match", shapes.text(), "The `ETag` of the answer that you have.", "header")
UNCHANGED = Answer(304, "You have this answer already.", headers=ETAG)
BY_CURSOR = (
    Parameter("cursor", shapes.text(most=1000), "In the place of `page`: empty, then the `next_cursor` of the answer."),
    Parameter("total", shapes.one_of(["true", "false"]), "With a cursor only: count, too."),
)
