"""Addresses of the pages, under /admin/imports/."""

from django.urls import path

from jobs.imports.pages import new, views

urlpatterns = [
    path("", views.imports, name="imports-pages"),
    path("new/", new.new_import, name="imports-page-new"),
    path("new/upload", new.upload, name="imports-page-upload"),
    path("<str:job_no>/", views.detail, name="imports-page"),
    path("<str:job_no>/live", views.live, name="imports-page-live"),
    path("<str:job_no>/log", views.log_lines, name="imports-page-log"),
    path("<str:job_no>/faulty", views.faulty, name="imports-page-faulty"),
    path("<str:job_no>/kept", views.kept, name="imports-page-kept"),
    path("<str:job_no>/<slug:key>", views.step, name="imports-page-step"),
]
