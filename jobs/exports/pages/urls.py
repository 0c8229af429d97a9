"""Addresses of the pages, under /admin/exports/."""

from django.urls import path

from jobs.exports.pages import views
from jobs.exports.pages.new_export import new_export_urls
from jobs.exports.pages.usage import usage_urls

urlpatterns = [
    path("", views.exports, name="exports-page"),
    path("rows", views.rows, name="exports-page-rows"),
    path("cards", views.stat_cards, name="exports-page-cards"),
    path("active", views.active, name="exports-page-active"),
    *new_export_urls,
    *usage_urls,
    path("<str:job_no>/", views.detail, name="exports-page-detail"),
    path("<str:job_no>/live", views.detail_head, name="exports-page-live"),
    path("<str:job_no>/log", views.log_lines, name="exports-page-log"),
    path("<str:job_no>/preview", views.preview_of, name="exports-page-preview"),
    path("<str:job_no>/download", views.download, name="exports-page-download"),
]
