"""Files of the pages themselves: styles, scripts, icons."""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from whitenoise.middleware import WhiteNoiseMiddleware

from exportcenter.common.streaming import blocks_of, in_threads


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """Whitenoise, whose answers Django would read whole into memory under ASGI, and warn of it."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> Any:
        """The answer with the file, or without one where the browser has it already."""
        answer = WhiteNoiseMiddleware.serve(static_file, request)
        if isinstance(request, ASGIRequest) and (file := answer.file_to_stream) is not None:
            answer.streaming_content = in_threads(blocks_of(file))
        return answer
