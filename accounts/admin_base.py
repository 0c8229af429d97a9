"""What every page of the admin shares: the audit trail instead of Django's own log, and read-only lists."""

from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin

from accounts.audit import Operation, record
from accounts.models import User
from accounts.services import someone_keeps_the_key
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError


class AuditedAdmin(ModelAdmin):
    """Records every addition, change and deletion in the audit trail, in the transaction of the change.

    Django's LogEntry is not used: it belongs to no tenant. An expected error raised while saving becomes a
    message, and nothing is saved.

    Class attributes:
        operation: the name under which changes of this model are recorded
    """

    operation = Operation.ADMIN_CHANGE

    def audit_resource(self, obj: Any) -> str:
        """How the audit trail names ``obj``."""
        return f"{self.opts.model_name}:{obj.pk}"

    def construct_change_message(
        self, request: HttpRequest, form: BaseForm, formsets: Any, add: bool = False
    ) -> dict[str, Any]:
        """Names of the changed fields, never their values: a value may be personal."""
        changed = set(form.changed_data)
        for formset in formsets or []:
            if formset.has_changed():
                changed.add(formset.model._meta.model_name)
        return {"changed": sorted(changed)}

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Django's hook after an object was added."""
        self.note(request, obj, {"action": "add"})

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Django's hook after an object was saved; a save that changed nothing leaves no entry."""
        if message["changed"]:
            self.note(request, obj, {"action": "change", **message})

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Django's hook before objects are deleted."""
        for obj in queryset:
            self.note(request, obj, {"action": "delete", "name": str(obj)})

    def note(self, request: HttpRequest, obj: Any, details: dict[str, Any]) -> None:
        """Write one entry about ``obj``."""
        record(
            self.operation,
            actor=cast(User, request.user),
            resource=self.audit_resource(obj),
            details=details,
            client=client_of(request),
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The object's entries in the audit trail."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        query = urlencode({"q": self.audit_resource(obj)})
        return HttpResponseRedirect(f"{reverse('admin:accounts_auditentry_changelist')}?{query}")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._keeping_rules(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._keeping_rules(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._keeping_rules(request, super().changelist_view, *args, **kwargs)

    def _keeping_rules(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic(), someone_keeps_the_key():
                return view(request, *args, **kwargs)
        except ExportCenterError as error:
            messages.error(request, f"{error.message} {error.advice}".strip())
            return HttpResponseRedirect(request.get_full_path())


class ReadOnlyAdmin(AuditedAdmin):
    """Shows rows and refuses every change, by POST too."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


class TenantAdmin(AuditedAdmin):
    """Rows of the own tenant: the manager shows no others, and what is added gets the current tenant."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows through the default manager, which names the tenant even where row-level security would do."""
        queryset: QuerySet[Any] = self.model._default_manager.get_queryset()
        ordering = self.get_ordering(request)
        return queryset.order_by(*ordering) if ordering else queryset
