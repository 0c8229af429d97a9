"""Definitions of custom exports in the admin: list, page, form, and a button that runs one."""

import re
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts import policy
from accounts.admin_base import ReadOnlyAdmin
from accounts.models import User
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError, InvalidParameters, PermissionRefused, StateConflict
from jobs import datasets
from jobs.admin.definition_columns import ArchiveFilter, DatasetFilter, DefinitionColumns, OwnerFilter, person_of
from jobs.admin.definition_form import DefinitionForm
from jobs.datasets import Dataset, all_datasets
from jobs.exports import definitions, words
from jobs.exports.definitions_presenting import history_of, may_run, shown_body
from jobs.models import ExportDefinition, ExportJob
from jobs.sharing import Sharing

SOURCE = "/admin/definitions"


@admin.register(ExportDefinition)
class ExportDefinitionAdmin(DefinitionColumns, ReadOnlyAdmin):
    """What the reader may see; changed by the services only."""

    list_display = ["title", "dataset_shown", "owner_name", "sharing", "version", "changed"]
    list_display_links = ["title"]
    list_filter = [OwnerFilter, DatasetFilter, ArchiveFilter]
    search_fields = ["name", "description"]
    list_select_related = ["owner"]
    list_fullwidth = True
    actions_detail = ["run", "edit", "copy", "archive", "restore"]
    actions_list = ["new"]
    change_form_outer_after_template = "jobs/admin/definition_versions.html"

    class Media:
        css = {"all": ["css/jobs.css", "css/definitions.css"]}

    def audit_resource(self, obj: ExportDefinition) -> str:
        """As the services write it."""
        return f"export_definition:{obj.pk}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportDefinition]:
        """Only what the policy lets the reader see. The page of an archived one stays open."""
        rows: QuerySet[ExportDefinition] = ExportDefinition.objects.visible_to(person_of(request)).select_related(
            "owner"
        )
        return rows.order_by("-updated_at", "-id")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered."""
        return lookup in {"mine", "dataset", "archived"}

    def get_fieldsets(self, request: HttpRequest, obj: ExportDefinition | None = None) -> Any:
        """Who and what, then the content in words."""
        about = ["title", "description", "dataset_shown", "owner_name", "sharing", "version", "changed"]
        if obj is not None and obj.archived_at is not None:
            about.append("archived")
        content = ["columns_shown", "filters_shown", "order_shown", "file_shown"]
        return [(None, {"fields": about}), (_("Content"), {"fields": content})]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The definition with its content as this reader may read it."""
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            found.shown_body = shown_body(found, definitions.current_version(found).body, person_of(request))
        return found

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With the versions and what each has changed."""
        definition = kwargs.get("obj")
        if definition is not None:
            context |= {"history": history_of(definition, viewer=person_of(request))}
        return super().render_change_form(request, context, *args, **kwargs)

    # --- actions ------------------------------------------------------------------------------------------
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only buttons that would do something, for this person."""
        definition = self.get_object(request, object_id)
        if definition is None:
            return []
        user, in_use = person_of(request), definition.archived_at is None
        changes = bool(policy.may(user, policy.Action.DEFINITION_CHANGE, definition))
        runs = may_run(definition, user)
        offered = {"run": in_use and runs, "copy": runs, "edit": in_use and changes and runs}
        offered |= {"archive": in_use and changes, "restore": not in_use and changes}
        buttons: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [button for button in buttons if offered[button.path]]

    def get_actions_list(self, request: HttpRequest) -> list[UnfoldAction]:
        """For those who may export anything at all."""
        buttons: list[UnfoldAction] = super().get_actions_list(request)
        return buttons if _exportable(person_of(request)) else []

    @action(description=_("New custom export"), icon="add", variant=ActionVariant.PRIMARY)
    def new(self, request: HttpRequest) -> HttpResponse:
        """The dataset first, then the form; ``?copy=`` begins with another one's content."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = person_of(request)
        try:
            source = definitions.find_visible(request.GET["copy"], user) if "copy" in request.GET else None
            key = source.dataset if source is not None else request.GET.get("dataset")
            if key is None:
                return self._page(request, "dataset", title=_t("New custom export"), datasets=_exportable(user))
            dataset = datasets.get(key)
            policy.may(user, policy.Action.EXPORT_CREATE, dataset).or_refuse()
        except ExportCenterError as error:
            return _tell(request, error, _list())
        if request.method == "POST":
            form = DefinitionForm.posted(dataset, request.POST)
            return self._save(request, form, None)
        body: dict[str, Any] = {"columns": [{"key": column.key} for column in dataset.default_columns()]}
        name = ""
        if source is not None:
            body = shown_body(source, definitions.current_version(source).body, user)
            name = _t("%(name)s (copy)") % {"name": source.name}
        form = DefinitionForm.saved(dataset, body, name=name, shared=Sharing.PRIVATE)
        return self._form(request, form, None)

    @action(description=_("Run now"), icon="play_arrow", variant=ActionVariant.PRIMARY)
    def run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue an export by it."""

        def ask_or_run(definition: ExportDefinition) -> HttpResponse:
            if request.method != "POST":
                return self._ask(
                    request,
                    definition,
                    title=_("Run now"),
                    question=_t("Export “%(name)s” now?") % {"name": definition.name},
                    effect=_("Moving periods are fixed as they are today. The file holds what you may see."),
                )
            job = definitions.run_definition(
                definition.pk, source=SOURCE, actor=person_of(request), client=client_of(request)
            )
            messages.success(request, _with_link(_t("Created %(job)s. It starts by itself."), job))
            return HttpResponseRedirect(_page(definition))

        return self._with(request, object_id, ask_or_run)

    @action(description=_("Edit"), icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form; saving a new content makes a new version."""

        def show_or_save(definition: ExportDefinition) -> HttpResponse:
            user = person_of(request)
            policy.may(user, policy.Action.DEFINITION_CHANGE, definition).or_refuse()
            if definition.archived_at is not None:
                raise StateConflict(_t("This definition is archived. Restore it first."))
            dataset = datasets.get(definition.dataset)
            policy.may(user, policy.Action.EXPORT_CREATE, dataset).or_refuse()
            body = shown_body(definition, definitions.current_version(definition).body, user)
            if request.method == "POST":
                form = DefinitionForm.posted(dataset, request.POST, saved=body)
                return self._save(request, form, definition)
            texts = {name: getattr(definition, name) for name in ("name", "description", "shared")}
            form = DefinitionForm.saved(dataset, body, expected_version=str(definition.version), **texts)
            form.roles = list(definition.roles)
            return self._form(request, form, definition)

        return self._with(request, object_id, show_or_save)

    @action(description=_("Save a copy"), icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of a new one with the same content."""
        return self._with(
            request,
            object_id,
            lambda definition: HttpResponseRedirect(
                f"{reverse('admin:jobs_exportdefinition_new')}?copy={definition.pk}"
            ),
        )

    @action(description=_("Archive"), icon="archive", variant=ActionVariant.DANGER)
    def archive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Out of use."""

        def ask_or_do(definition: ExportDefinition) -> HttpResponse:
            policy.may(person_of(request), policy.Action.DEFINITION_CHANGE, definition).or_refuse()
            if request.method != "POST":
                return self._ask(
                    request,
                    definition,
                    title=_("Archive"),
                    question=_t("Archive “%(name)s”?") % {"name": definition.name},
                    effect=_("Nobody can run it until it is restored. Exports made with it stay."),
                    danger=True,
                )
            definitions.archive_definition(definition.pk, actor=person_of(request), client=client_of(request))
            messages.success(request, _t("“%(name)s” is archived.") % {"name": definition.name})
            return HttpResponseRedirect(_list())

        return self._with(request, object_id, ask_or_do)

    @action(description=_("Restore"), icon="unarchive")
    def restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Back in use."""

        def ask_or_do(definition: ExportDefinition) -> HttpResponse:
            policy.may(person_of(request), policy.Action.DEFINITION_CHANGE, definition).or_refuse()
            if request.method != "POST":
                return self._ask(
                    request,
                    definition,
                    title=_("Restore"),
                    question=_t("Restore “%(name)s”?") % {"name": definition.name},
                    effect=_("It can be run again by those who see it."),
                )
            definitions.restore_definition(definition.pk, actor=person_of(request), client=client_of(request))
            messages.success(request, _t("“%(name)s” is in use again.") % {"name": definition.name})
            return HttpResponseRedirect(_page(definition))

        return self._with(request, object_id, ask_or_do)

    # --- pages --------------------------------------------------------------------------------------------
    def _save(self, request: HttpRequest, form: DefinitionForm, definition: ExportDefinition | None) -> HttpResponse:
        """Save what was typed; what is refused comes back to where it was typed, with everything else."""
        try:
            if not form.check():
                raise InvalidParameters()
            with transaction.atomic():
                saved = self._create(request, form) if definition is None else self._update(request, form, definition)
        except ExportCenterError as error:
            placed = isinstance(error, InvalidParameters | PermissionRefused)
            form.place(error.details if placed else {}, f"{error.message} {error.advice}".strip())
            return self._form(request, form, definition)
        messages.success(request, _t("“%(name)s” is saved.") % {"name": saved.name})
        return HttpResponseRedirect(_page(saved))

    def _create(self, request: HttpRequest, form: DefinitionForm) -> ExportDefinition:
        texts = form.texts
        return definitions.create_definition(
            dataset=form.dataset.key,
            name=texts["name"],
            description=texts["description"],
            comment=texts["comment"],
            body=form.body(),
            shared=texts["shared"],
            roles=form.roles if texts["shared"] == Sharing.ROLES else [],
            actor=person_of(request),
            client=client_of(request),
        )

    def _update(self, request: HttpRequest, form: DefinitionForm, definition: ExportDefinition) -> ExportDefinition:
        texts, actor, client = form.texts, person_of(request), client_of(request)
        version = texts["expected_version"]
        saved = definitions.update_definition(
            definition.pk,
            expected_version=int(version) if re.fullmatch(r"\d{1,9}", version, re.ASCII) else 0,
            name=texts["name"],
            description=texts["description"],
            comment=texts["comment"],
            body=form.body(),
            actor=actor,
            client=client,
        )
        roles = sorted(set(form.roles)) if texts["shared"] == Sharing.ROLES else []
        if (texts["shared"], roles) != (saved.shared, saved.roles):
            saved = definitions.share_definition(
                definition.pk, shared=texts["shared"], roles=roles, actor=actor, client=client
            )
        return saved

    def _form(
        self, request: HttpRequest, form: DefinitionForm, definition: ExportDefinition | None
    ) -> TemplateResponse:
        title = _t("New custom export") if definition is None else definition.name
        back = _list() if definition is None else _page(definition)
        return self._page(request, "form", title=title, draft=form, definition=definition, back=back)

    def _ask(self, request: HttpRequest, definition: ExportDefinition, **said: Any) -> TemplateResponse:
        return self._page(request, "confirm", **({"back": _page(definition), "button": {}} | said))

    def _page(self, request: HttpRequest, name: str, **said: Any) -> TemplateResponse:
        template = "jobs/admin/confirm.html" if name == "confirm" else f"jobs/admin/definition_{name}.html"
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **said}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, context)

    def _with(
        self, request: HttpRequest, object_id: str, act: Callable[[ExportDefinition], HttpResponse]
    ) -> HttpResponse:
        """Do ``act`` with the definition if the reader may see it; an expected error becomes a message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        definition = self.get_object(request, object_id)
        if definition is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        try:
            return act(definition)
        except ExportCenterError as error:
            return _tell(request, error, _page(definition))


def _exportable(user: User) -> list[Dataset]:
    return [dataset for dataset in all_datasets() if policy.may(user, policy.Action.EXPORT_CREATE, dataset)]


def _list() -> str:
    return reverse("admin:jobs_exportdefinition_changelist")


def _page(definition: ExportDefinition) -> str:
    return reverse("admin:jobs_exportdefinition_change", args=[definition.pk])


def _with_link(text: str, job: ExportJob) -> SafeString:
    """``text`` with the number of the job as a link to its page."""
    before, _sign, after = text.partition("%(job)s")
    return format_html("{}{}{}", before, words.job_link(ExportJob, job.pk, job.job_no), after)


def _tell(request: HttpRequest, error: ExportCenterError, back: str) -> HttpResponse:
    messages.error(request, f"{error.message} {error.advice}".strip())
    return HttpResponseRedirect(back)
