"""Files that come as multipart/form-data: on disk as soon as they arrive, never whole in memory (SPEC B1, X8)."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from exportcenter.common.api import length_of
from exportcenter.common.database import allow_pauses
from exportcenter.common.errors import BodyTooLarge, InvalidParameters

FIELD = "file"
AROUND = 64 << 10
"""Bytes that a form may have beside its file: borders and headings."""
PAUSE_SECONDS = 60
"""What a file may take between two questions to the database: to come in, to be looked into, to go to the store."""


def too_large(most: int) -> BodyTooLarge:
    """What is said of a file of more than ``most`` bytes."""
    return BodyTooLarge(
        _("The file is larger than %(limit)d MB.") % {"limit": most >> 20},
        advice=_("Split it, or leave out columns that are not needed."),
    )


class _OnDisk(TemporaryFileUploadHandler):
    """Every file goes to disk, and reading ends with the first byte that is too many."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self._most = self._left = most

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raises BodyTooLarge."""
        self._left -= len(raw_data)
        if self._left < 0:
            self.file.close()  # which deletes it
            raise too_large(self._most)
        super().receive_data_chunk(raw_data, start)


class TakesFile(APIView):
    """Base of the doors whose POST takes one file, in the field ``file``."""

    parser_classes = (MultiPartParser,)

    def most_bytes(self) -> int:
        """What a file may have."""
        raise NotImplementedError

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Before anything reads the form: who signs in by session has it read to compare the CSRF token."""
        request.upload_handlers = [_OnDisk(request, self.most_bytes())]
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses by its declared length what is too large, unread."""
        if length_of(request) > self.most_bytes() + AROUND:
            raise too_large(self.most_bytes())
        allow_pauses(PAUSE_SECONDS)
        super().initial(request, *args, **kwargs)


def file_of(request: Request) -> UploadedFile:
    """The one file of a form that has nothing else. Raises InvalidParameters by field."""
    problems = {
        name[:100]: [_("There is no such field. Allowed: %(allowed)s.") % {"allowed": FIELD}]
        for name in request.data
        if name != FIELD
    }
    given = request.FILES.getlist(FIELD)
    beside = request._request.POST.getlist(FIELD)
    if len(given) != 1 or beside:
        problems[FIELD] = [_("Send exactly one file in this field.")]
    if problems:
        raise InvalidParameters(details=problems)
    found: UploadedFile = given[0]
    return found
