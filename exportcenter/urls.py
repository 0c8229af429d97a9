"""URL map: one admin, one sign-in, one API."""

from allauth.account import views as account
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from exportcenter import admin_site, health

admin_site.set_up()  # before admin.site.urls is read

urlpatterns = [
    path("", include("accounts.urls")),
    path("favicon.ico", RedirectView.as_view(url=static("img/mark.svg"))),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("admin/", admin.site.urls),
    path("api/v1/auth/", include("accounts.api_urls")),
    path("api/v1/", include("jobs.exports.urls")),
]

handler400 = "exportcenter.error_pages.bad_request"
handler403 = "exportcenter.error_pages.forbidden"
handler404 = "exportcenter.error_pages.not_found"
handler500 = "exportcenter.error_pages.server_error"
