"""Addresses of the export API."""

from django.urls import path

from jobs.exports import api

urlpatterns = [
    path("exports", api.ExportList.as_view(), name="exports"),
    path("exports/batch_delete_expired", api.DeleteExpired.as_view(), name="exports-delete-expired"),
    path("exports/<str:job_no>", api.ExportDetail.as_view(), name="exports-detail"),
    path("exports/<str:job_no>/retry", api.ExportRetry.as_view(), name="exports-retry"),
    path("exports/<str:job_no>/cancel", api.ExportCancel.as_view(), name="exports-cancel"),
    path("exports/<str:job_no>/accelerate", api.ExportAccelerate.as_view(), name="exports-accelerate"),
    path("exports/<str:job_no>/links", api.ExportLinks.as_view(), name="exports-links"),
    path("exports/<str:job_no>/log", api.ExportLog.as_view(), name="exports-log"),
    path("exports/<str:job_no>/download", api.ExportDownload.as_view(), name="exports-download"),
]
