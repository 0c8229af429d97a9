"""Pages about oneself: where to go first, my account, the language switch."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accounts.forms import PreferencesForm
from accounts.models import User


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The site's front door: platform people go to the admin, others to their own page."""
    return redirect("admin:index" if cast(User, request.user).is_staff else "account_me")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Who I am here, and how pages speak to me."""
    user = cast(User, request.user)
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        changed = form.save(commit=False)
        changed.save(update_fields=["language", "time_zone"])
        with translation.override(changed.language):
            messages.success(request, _("Your preferences are saved."))
        return redirect("account_me")
    return render(request, "account/me.html", {"form": form, "roles": user.roles.all()})


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of this browser, and of the signed-in person, whose choice would win otherwise."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)
