"""The page of one's own API tokens: see, make, revoke. Works without a script (SPEC A8)."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.models.token import State
from accounts.scopes import TITLES
from accounts.token_form import TokenForm
from accounts.tokens import create_token, find_own, own_tokens, revoke_tokens
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError, InvalidParameters, NotFound

MOST_ENDED = 20
"""Ended tokens that are shown; the API lists all."""


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The own tokens. A POST makes one and answers with its text: a redirect would have to keep it somewhere."""
    user = cast(User, request.user)
    form, made, text = TokenForm(request.POST or None), None, ""
    if request.method == "POST" and form.is_valid():
        try:
            made, text = create_token(**form.cleaned_data, actor=user, client=client_of(request))
            form = TokenForm()
        except InvalidParameters as error:
            for name, problems in error.details.items():
                form.add_error(name, problems)
        except ExportCenterError as error:
            form.add_error(None, f"{error.message} {error.advice}".strip())
    own = own_tokens(user)
    shown = {
        "form": form,
        "is_open": bool(form.errors) or "new" in request.GET,
        "made": made,
        "text": text,
        "active": own.filter(state=State.ACTIVE),
        "ended": own.exclude(state=State.ACTIVE)[:MOST_ENDED],
        "titles": TITLES,
    }
    return render(request, "account/tokens.html", shown)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: HttpRequest, key: UUID) -> HttpResponse:
    """GET asks, POST revokes."""
    user = cast(User, request.user)
    try:
        token = find_own(key, user)
    except NotFound as error:
        raise Http404(error.message) from error
    if request.method == "POST":
        revoke_tokens(tokens=[token], actor=user, client=client_of(request))
        messages.success(request, _("“%(name)s” is revoked.") % {"name": token.name})
        return redirect("account_tokens")
    return render(request, "account/token_revoke.html", {"token": token})
