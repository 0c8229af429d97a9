"""Addresses of the export API."""

from django.urls import path

from jobs.exports import api, catalogue_api, definitions_api, inside_api
from jobs.exports.usage.api import ExportUsage
from jobs.pages.ui_events_api import UiEvents

urlpatterns = [
    path("exports", api.ExportList.as_view(), name="exports"),
    path("exports/bulk", api.ExportBulk.as_view(), name="exports-bulk"),
    path("exports/batch_delete_expired", api.DeleteExpired.as_view(), name="exports-delete-expired"),
    path("exports/estimate", api.ExportEstimate.as_view(), name="exports-estimate"),
    path("exports/estimates/accuracy", api.EstimateAccuracy.as_view(), name="exports-estimate-accuracy"),
    path("exports/usage", ExportUsage.as_view(), name="exports-usage"),
    path("ui-events", UiEvents.as_view(), name="ui-events"),
    path("exports/<str:job_no>", api.ExportDetail.as_view(), name="exports-detail"),
    path("exports/<str:job_no>/retry", api.ExportRetry.as_view(), name="exports-retry"),
    path("exports/<str:job_no>/cancel", api.ExportCancel.as_view(), name="exports-cancel"),
    path("exports/<str:job_no>/accelerate", api.ExportAccelerate.as_view(), name="exports-accelerate"),
    path("exports/<str:job_no>/links", api.ExportLinks.as_view(), name="exports-links"),
    path("exports/<str:job_no>/log", api.ExportLog.as_view(), name="exports-log"),
    path("exports/<str:job_no>/logs", inside_api.ExportLogLines.as_view(), name="exports-logs"),
    path("exports/<str:job_no>/facts", inside_api.ExportFacts.as_view(), name="exports-facts"),
    path("exports/<str:job_no>/preview", inside_api.ExportPreview.as_view(), name="exports-preview"),
    path("exports/<str:job_no>/download", api.ExportDownload.as_view(), name="exports-download"),
    path("datasets", catalogue_api.DatasetList.as_view(), name="datasets"),
    path("datasets/<str:key>", catalogue_api.DatasetDetail.as_view(), name="datasets-detail"),
    *(
        path(f"export-definitions{rest}", view.as_view(), name=f"definitions{name}")
        for rest, view, name in (
            ("", definitions_api.DefinitionList, ""),
            ("/<str:key>", definitions_api.DefinitionDetail, "-detail"),
            ("/<str:key>/versions/<int:number>", definitions_api.DefinitionVersionDetail, "-version"),
            ("/<str:key>/share", definitions_api.DefinitionShare, "-share"),
            ("/<str:key>/archive", definitions_api.DefinitionArchive, "-archive"),
            ("/<str:key>/restore", definitions_api.DefinitionRestore, "-restore"),
            ("/<str:key>/run", definitions_api.DefinitionRun, "-run"),
        )
    ),
]
