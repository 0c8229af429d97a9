"""What the admin says about a definition of a custom export: cells, filters of the list, and its versions' pages."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin_base import ReadOnlyAdmin
from accounts.models import Role, User
from jobs.datasets import all_datasets
from jobs.datasets.words import describe_order, describe_params
from jobs.exports import words
from jobs.exports.definitions_presenting import dataset_or_none, shown_body
from jobs.models import DefinitionVersion, ExportDefinition
from jobs.sharing import Sharing


def person_of(request: HttpRequest) -> User:
    """Who reads."""
    return cast(User, request.user)


class OwnerFilter(admin.SimpleListFilter):
    """Mine, or those that others share."""

    title = _("owner")
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Two sides."""
        return [("yes", _("Mine")), ("no", _("Of others"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExportDefinition]) -> QuerySet[ExportDefinition]:
        """Definitions of the chosen side."""
        if self.value() not in ("yes", "no"):
            return queryset
        mine = {"owner_id": person_of(request).pk}
        return queryset.filter(**mine) if self.value() == "yes" else queryset.exclude(**mine)


class DatasetFilter(admin.SimpleListFilter):
    """By dataset, from the registry."""

    title = _("dataset")
    parameter_name = "dataset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every dataset there is."""
        return [(dataset.key, dataset.title) for dataset in all_datasets()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExportDefinition]) -> QuerySet[ExportDefinition]:
        """Definitions over the chosen dataset."""
        return queryset.filter(dataset=self.value()) if self.value() else queryset


class ArchiveFilter(admin.SimpleListFilter):
    """In use unless asked otherwise."""

    title = _("state")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The other side; without a choice those in use are shown."""
        return [("yes", _("Archived"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExportDefinition]) -> QuerySet[ExportDefinition]:
        """Definitions in use, or archived ones."""
        return queryset.filter(archived_at__isnull=self.value() != "yes")


class DefinitionColumns:
    """Mixin of the definition's admin: words only, no rules."""

    @display(description=_("name"), ordering="name")
    def title(self, definition: ExportDefinition) -> str:
        """What it is called."""
        return definition.name

    @display(description=_("dataset"))
    def dataset_shown(self, definition: ExportDefinition) -> str:
        """Title of the dataset."""
        return definition.dataset_title

    @display(description=_("owner"))
    def owner_name(self, definition: ExportDefinition) -> str:
        """Who made it."""
        return definition.owner.display_name

    @display(description=_("shared with"))
    def sharing(self, definition: ExportDefinition) -> str:
        """Nobody, some roles, or everybody."""
        if definition.shared != Sharing.ROLES:
            return definition.get_shared_display()
        return ", ".join(str(role) for role in Role.objects.filter(key__in=definition.roles))

    @display(description=_("changed"), ordering="updated_at")
    def changed(self, definition: ExportDefinition) -> str | None:
        """To the second."""
        return words.moment(definition.updated_at)

    @display(description=_("archived"))
    def archived(self, definition: ExportDefinition) -> str | None:
        """Since when."""
        return words.moment(definition.archived_at)

    @display(description=_("columns"))
    def columns_shown(self, definition: Any) -> str:
        """Headings in file order."""
        dataset = dataset_or_none(definition)
        titles = {} if dataset is None else {column.key: str(column.title) for column in dataset.columns}
        said = definition.shown_body["columns"]
        return " · ".join(one.get("label") or titles.get(one["key"], one["key"]) for one in said)

    @display(description=_("filters"))
    def filters_shown(self, definition: Any) -> SafeString | str:
        """In words."""
        dataset = dataset_or_none(definition)
        pairs = [] if dataset is None else describe_params(dataset, definition.shown_body)
        shown = format_html_join("", '<span class="job-pair"><span>{}</span> {}</span>', pairs)
        return shown or _t("None: every row that one may see")

    @display(description=_("order"))
    def order_shown(self, definition: Any) -> str:
        """In words."""
        dataset = dataset_or_none(definition)
        return (describe_order(dataset, definition.shown_body) if dataset is not None else "") or _t("the usual one")

    @display(description=_("file"))
    def file_shown(self, definition: Any) -> SafeString:
        """File type and options."""
        options = definition.shown_body["options"]
        return format_html("{} {}", definition.shown_body["file_type"], words.as_json(options) if options else "")


@admin.register(DefinitionVersion)
class DefinitionVersionAdmin(ReadOnlyAdmin):
    """What a definition said at some time. Reached from the definition's page."""

    list_display = ["shown", "number", "author", "moment", "comment"]
    list_display_links = ["shown"]
    list_select_related = ["definition", "created_by"]
    fields = ["shown", "number", "author", "moment", "comment", "content"]

    class Media:
        css = {"all": ["css/jobs.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[DefinitionVersion]:
        """Versions of definitions that the reader may see."""
        visible = ExportDefinition.objects.visible_to(person_of(request)).order_by().values("pk")
        rows: QuerySet[DefinitionVersion] = DefinitionVersion.objects.filter(definition__in=visible)
        return rows.select_related("definition", "created_by").order_by("-created_at", "-id")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The version with its content as this reader may read it."""
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            found.shown_body = shown_body(found.definition, found.body, person_of(request))
        return found

    @display(description=_("export definition"))
    def shown(self, version: DefinitionVersion) -> str:
        """Whose version."""
        return version.definition.name

    @display(description=_("author"))
    def author(self, version: DefinitionVersion) -> str:
        """Who wrote it."""
        return version.created_by.display_name

    @display(description=_("created"))
    def moment(self, version: DefinitionVersion) -> str | None:
        """To the second."""
        return words.moment(version.created_at)

    @display(description=_("content"))
    def content(self, version: Any) -> SafeString:
        """As it is stored."""
        return words.as_json(version.shown_body)
