"""URL map: one admin, one sign-in, one API."""

from allauth.account import views as account
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from exportcenter import admin_site, api_docs, error_codes, health, offline

admin_site.set_up()  # before admin.site.urls is read

urlpatterns = [
    path("", include("accounts.urls")),
    path("favicon.ico", RedirectView.as_view(url=static("img/mark.svg"))),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("service-worker.js", offline.service_worker, name="service_worker"),
    path("offline/", offline.offline, name="offline"),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("admin/exports/", include("jobs.exports.pages.urls")),
    path("admin/imports/", include("jobs.imports.pages.urls")),
    path("admin/tasks/", include("jobs.batch.pages")),
    path("admin/", admin.site.urls),
    path("api/docs/", api_docs.swagger, name="api_docs"),
    path("api/redoc/", api_docs.redoc, name="api_redoc"),
    path("api/v1/openapi.json", api_docs.DocumentJson.as_view(), name="openapi_json"),
    path("api/v1/openapi.yaml", api_docs.DocumentYaml.as_view(), name="openapi_yaml"),
    path("api/v1/auth/", include("accounts.api_urls")),
    path("api/v1/me/", include("accounts.me_urls")),
    path("api/v1/", include("jobs.exports.urls")),
    path("api/v1/", include("jobs.imports.urls")),
    path("api/v1/", include("jobs.events.urls")),
    path("api/v1/", include("jobs.webhooks.urls")),
    path("", include("jobs.pages.urls")),
    path("api/v1/", include("jobs.batch.urls")),
    path("api/v1/client/", include("accounts.client.urls")),
    path("api/v1/errors", error_codes.ErrorList.as_view(), name="errors"),
    path("docs/errors", error_codes.errors_page, name="errors-page"),
]

handler400 = "exportcenter.error_pages.bad_request"
handler403 = "exportcenter.error_pages.forbidden"
handler404 = "exportcenter.error_pages.not_found"
handler429 = "exportcenter.error_pages.too_many"  # ours: the sign-in library asks for it
handler500 = "exportcenter.error_pages.server_error"
