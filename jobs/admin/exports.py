"""Exports in the admin: list, page, and the few things that people do to them."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator

from accounts import policy
from accounts.admin_base import ReadOnlyAdmin
from accounts.models import User
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError
from exportcenter.common.paging import count
from jobs.admin import files
from jobs.admin.columns import ExportColumns
from jobs.datasets import CUSTOM, all_datasets
from jobs.engine.states import Status
from jobs.exports import links, services, words
from jobs.exports.filters import numbered
from jobs.exports.pages.rows import has_file
from jobs.exports.presenting import TAIL_LINES
from jobs.exports.steps import ACCELERATE, CANCEL, RETRY, STEPS, Step
from jobs.models import Attempt, ExportJob, JobLog


class TypeFilter(admin.SimpleListFilter):
    """By dataset, from the registry."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every dataset there is."""
        return [*((dataset.key, dataset.title) for dataset in all_datasets()), (CUSTOM, _("Custom"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExportJob]) -> QuerySet[ExportJob]:
        """Exports of the chosen dataset."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class ClassFilter(admin.SimpleListFilter):
    """By class of sensitivity."""

    title = _("class")
    parameter_name = "sensitivity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three that the policy knows."""
        return [(key, _t(title)) for key, title in policy.CLASS_TITLES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExportJob]) -> QuerySet[ExportJob]:
        """Exports of the chosen class."""
        return queryset.filter(sensitivity=self.value()) if self.value() else queryset


@admin.register(ExportJob)
class ExportJobAdmin(ExportColumns, ReadOnlyAdmin):
    """What the reader may see, as it happened. Rows change by the services only: retry, cancel, accelerate."""

    list_display = [
        "number",
        "type_title",
        "status_shown",
        "progress_shown",
        "file_cell",
        "size_cell",
        "creator",
        "created",
        "finished",
        "source_cell",
    ]
    list_display_links = ["number"]
    list_filter = ["status", TypeFilter, "file_type", ClassFilter]
    list_select_related = ["owner"]
    search_fields = ["job_no__startswith"]  # shows the field; get_search_results answers it
    search_help_text = _("Beginning of a job no., such as E20261122")
    paginator = InfinitePaginator  # a page number is not worth counting millions of rows
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    actions_detail = ["download", "retry", "cancel", "accelerate"]
    actions_list = ["delete_expired"]
    change_form_outer_after_template = "jobs/admin/export_history.html"

    class Media:
        css = {"all": ["css/jobs.css"]}

    def audit_resource(self, obj: ExportJob) -> str:
        """E.g. export:E20261122014, as the services write it."""
        return f"export:{obj.job_no}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportJob]:
        """Only what the policy lets the reader see."""
        jobs: QuerySet[ExportJob] = ExportJob.objects.visible_to(_person(request)).select_related("owner")
        return jobs.order_by(F("created_at").desc(), F("id").desc())

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """What to do depends on who reads; it stands where no screen cuts it off."""
        columns = list(super().get_list_display(request))
        columns.insert(columns.index("file_cell"), self.step_column(_person(request)))
        return columns

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By beginning of the job number, with the API's own search: Django's LIKE could not use the index."""
        term = search_term.strip().upper()
        return (numbered(queryset, term) if term else queryset), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered: any other in the address could ask for the stack letter by letter."""
        return lookup.partition("__")[0] in {"status", "type", "file_type", "sensitivity"}

    def get_fieldsets(self, request: HttpRequest, obj: ExportJob | None = None) -> Any:
        """Facts first; the error, when there is one, before everything technical."""
        if obj is None:
            return [(None, {"fields": self.FACTS})]
        sections: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": self.filled(self.FACTS, obj)})]
        if obj.error_code:
            stack = ["stack"] if obj.error_stack and policy.may(_person(request), policy.Action.ERROR_STACK) else []
            sections.append((_("Error"), {"fields": ["error_code", "error_message", "error_advice", *stack]}))
        sections.append((_("Request"), {"fields": self.filled(self.REQUEST, obj)}))
        sections.append((_("Engine"), {"fields": self.filled(self.ENGINE, obj)}))
        return sections

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With attempts, the end of the log, and the way to the file or the reason why there is none."""
        job: ExportJob | None = kwargs.get("obj")
        if job is not None:
            tail = list(JobLog.objects.filter(job_id=job.pk).order_by("-id")[:TAIL_LINES])
            context |= {
                "attempts": [words.attempt_cells(one) for one in Attempt.objects.filter(job_id=job.pk).order_by("id")],
                "log_lines": tail[::-1],
                "log_is_cut": len(tail) == TAIL_LINES,
                "log_address": self._log_address(request, job),
                **files.shown(job, _person(request), request),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ExportJob | None:
        """The job, knowing who reads: the link to the file is made for this person."""
        job: ExportJob | None = super().get_object(request, object_id, from_field)
        if job is not None:
            self.bind(job, request)
        return job

    # --- actions ----------------------------------------------------------------------------------------
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only buttons that would do something now, for this person."""
        job = self.get_object(request, object_id)
        if job is None:
            return []
        user = _person(request)
        offered = {key for key, step in STEPS.items() if step.offered_to(user, job)}
        offered |= {"download"} if has_file(job) and policy.may(user, policy.Action.EXPORT_DOWNLOAD, job) else set()
        buttons: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        shown = [button for button in buttons if button.path in offered]
        for button in shown[1:]:
            if button.variant == ActionVariant.PRIMARY:  # one primary action a page: the file, when there is one
                button.variant = ActionVariant.DEFAULT
        return shown

    def get_actions_list(self, request: HttpRequest) -> list[UnfoldAction]:
        """Deleting is for those who may."""
        if not policy.may(_person(request), policy.Action.EXPORT_DELETE_EXPIRED):
            return []
        buttons: list[UnfoldAction] = super().get_actions_list(request)
        return buttons

    @action(description=_("Download"), icon="download", variant=ActionVariant.PRIMARY)
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A link made at this moment: one in a page that stood open over lunch would be dead. ?part=2: of that part."""

        def go(job: ExportJob) -> HttpResponse:
            policy.may(_person(request), policy.Action.EXPORT_DOWNLOAD, job).or_refuse()
            address = links.absolute(request, job, links.link_for(job, _person(request)))
            part = request.GET.get("part", "")
            return HttpResponseRedirect(f"{address}&{urlencode({'part': part})}" if part else address)

        return self._with_job(request, object_id, go)

    @action(description=RETRY.title, icon=RETRY.icon, variant=RETRY.variant)
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue it again."""
        return self._take(request, object_id, RETRY)

    @action(description=CANCEL.title, icon=CANCEL.icon, variant=CANCEL.variant)
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop it."""
        return self._take(request, object_id, CANCEL)

    @action(description=ACCELERATE.title, icon=ACCELERATE.icon, variant=ACCELERATE.variant)
    def accelerate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move it to the fast lane."""
        return self._take(request, object_id, ACCELERATE)

    @action(description=_("Delete expired"), icon="delete_sweep", url_path="delete-expired")
    def delete_expired(self, request: HttpRequest) -> HttpResponse:
        """Every expired export of the company, after a question that names the number."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = reverse("admin:jobs_exportjob_changelist")
        try:
            policy.may(_person(request), policy.Action.EXPORT_DELETE_EXPIRED).or_refuse()
            if request.method == "POST":
                gone = services.delete_expired(actor=_person(request), client=client_of(request))
                text = ngettext(
                    "%(count)d expired export was deleted.", "%(count)d expired exports were deleted.", gone
                )
                messages.success(request, text % {"count": gone})
                return HttpResponseRedirect(back)
        except ExportCenterError as error:
            return _tell(request, error, back)
        expired, _exact = count(ExportJob.objects.filter(status=Status.EXPIRED))
        question = ngettext("Delete %(count)d expired export?", "Delete %(count)d expired exports?", expired)
        return self._ask(
            request,
            title=_("Delete expired"),
            question=question % {"count": expired},
            effect=_("Their rows, attempts, logs and links are deleted for good. The audit trail stays."),
            variant=ActionVariant.DANGER,
            back=back,
            pointless=expired == 0,
        )

    def _take(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        """GET asks, POST does. What the policy or the service refuses becomes a message on the job's page."""

        def ask_or_do(job: ExportJob) -> HttpResponse:
            policy.may(_person(request), step.action, job).or_refuse()
            if request.method != "POST":
                named = {"job": job.job_no}
                return self._ask(
                    request,
                    title=step.title,
                    question=str(step.question) % named,
                    effect=step.effect,
                    variant=step.variant,
                    back=_page(job),
                    about=self.about(job),
                )
            shown = step.service(job.job_no, actor=_person(request), client=client_of(request))
            messages.success(request, str(step.done) % {"job": shown.job_no})
            return HttpResponseRedirect(_page(shown))

        return self._with_job(request, object_id, ask_or_do)

    def _with_job(self, request: HttpRequest, object_id: str, act: Callable[[ExportJob], HttpResponse]) -> HttpResponse:
        """Do ``act`` with the job if the reader may see it; an expected error becomes a message on its page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = self.get_object(request, object_id)
        if job is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        try:
            return act(job)
        except ExportCenterError as error:
            return _tell(request, error, _page(job))

    def _ask(self, request: HttpRequest, **said: Any) -> TemplateResponse:
        """The page between a button and its deed: what will happen, and a form that does it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "danger": said["variant"] == ActionVariant.DANGER,
            "button": {"disabled": "disabled"} if said.get("pointless") else {},
            **said,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "jobs/admin/confirm.html", context)

    @staticmethod
    def _log_address(request: HttpRequest, job: ExportJob) -> str:
        allowed = policy.may(_person(request), policy.Action.LOG_DOWNLOAD, job)
        return reverse("exports-log", args=[job.job_no]) if allowed else ""


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _page(job: ExportJob) -> str:
    return reverse("admin:jobs_exportjob_change", args=[job.pk])


def _tell(request: HttpRequest, error: ExportCenterError, back: str) -> HttpResponse:
    messages.error(request, f"{error.message} {error.advice}".strip())
    return HttpResponseRedirect(back)
