"""What is shown when the server cannot be reached: one page, kept by a small service worker.

The worker answers failed navigations and nothing else; it keeps that page and its style, never data. None of this
touches the database.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

STYLE = ("css/tokens.css", "css/pages.css", "img/mark.svg")
"""Static files that the page is made of."""
_LANGUAGES = tuple(language for language, _ in settings.LANGUAGES)


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page, in the language of ?language= or the browser's. The same for everybody."""
    return HttpResponse(_page(_language(request)))


@require_safe
@csp({"default-src": [NONE], "connect-src": [SELF]})
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker, at the root because its address bounds what it may answer; the same for everybody, another one when
    the page or its style has changed."""
    facts = {
        "version": _version(),
        "pages": {language: f"{reverse('offline')}?language={language}" for language in _LANGUAGES},
        "language": settings.LANGUAGE_CODE,
        "style": [static(name) for name in STYLE],
    }
    script = f"const FACTS = {json.dumps(facts)};\n{_content('js/service-worker.js').decode()}"
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in _LANGUAGES else translation.get_language() or settings.LANGUAGE_CODE


def _page(language: str) -> str:
    with translation.override(language):
        return render_to_string("pages/offline.html")


@cache
def _version() -> str:
    digest = hashlib.sha256("".join(map(_page, _LANGUAGES)).encode())
    for name in STYLE:
        digest.update(_content(name))
    return digest.hexdigest()[:16]


def _content(name: str) -> bytes:
    """A static file's own bytes."""
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return Path(path).read_bytes()
