"""Addresses of the import API."""

from django.urls import path

from jobs.imports import api, files_api

urlpatterns = [
    path("imports", api.ImportList.as_view(), name="imports"),
    path("imports/datasets", files_api.ImportDatasets.as_view(), name="imports-datasets"),
    path("imports/template", files_api.ImportTemplate.as_view(), name="imports-template"),
    path("imports/files", files_api.ImportFiles.as_view(), name="imports-files"),
    path("imports/files/<str:file_id>", files_api.ImportFileGlance.as_view(), name="imports-files-detail"),
    path("imports/<str:job_no>", api.ImportDetail.as_view(), name="imports-detail"),
    path("imports/<str:job_no>/rows", api.ImportRows.as_view(), name="imports-rows"),
    path("imports/<str:job_no>/changes", api.ImportChanges.as_view(), name="imports-changes"),
    path("imports/<str:job_no>/faulty_rows", api.ImportFaultyRows.as_view(), name="imports-faulty-rows"),
    path("imports/<str:job_no>/confirm", api.ImportConfirm.as_view(), name="imports-confirm"),
    path("imports/<str:job_no>/cancel", api.ImportCancel.as_view(), name="imports-cancel"),
    path("imports/<str:job_no>/retry", api.ImportRetry.as_view(), name="imports-retry"),
    path("imports/<str:job_no>/undo", api.ImportUndo.as_view(), name="imports-undo"),
]
