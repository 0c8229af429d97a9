"""The admin as a whole: one sign-in door, one look, no page that belongs to somebody else's library."""

from typing import Any

import cron_descriptor
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django_celery_beat import admin as beat
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import AuditedAdmin
from accounts.permission_titles import name_datasets
from jobs.datasets import registry

CRON_RIDDLES = (
    cron_descriptor.MissingFieldException,
    cron_descriptor.FormatException,
    cron_descriptor.WrongArgumentException,
)
"""What the library raises for lines that it cannot put into words."""


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The choice of registered tasks, in the admin's look."""


class PeriodicTaskForm(beat.PeriodicTaskForm):
    """The library's form with the admin's widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = TaskSelect()
            self.fields["name"].label = _("task name")


class UsedByInline(TabularInline):
    """Which tasks use a schedule."""

    model = PeriodicTask
    fields = ["task_name", "program", "args", "kwargs"]
    readonly_fields = fields
    can_delete = False
    extra = 0
    show_change_link = True
    verbose_name = verbose_name_plural = _("Periodic tasks that use this schedule")

    @admin.display(description=_("task name"))
    def task_name(self, task: PeriodicTask) -> str:
        """What the task is called."""
        return _t(task.name)

    @admin.display(description=_("program"))
    def program(self, task: PeriodicTask) -> str:
        """What runs."""
        return str(task.task)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Tasks are added on their own page."""
        return False


class ScheduleAdmin(AuditedAdmin):
    """A timetable entry: interval, crontab, clock time or sun."""

    inlines = [UsedByInline]


class CrontabAdmin(ScheduleAdmin):
    """Crontab lines with their meaning in words."""

    list_display = ["__str__", "meaning"]
    fields = [
        "meaning",
        "minute",
        "hour",
        "day_of_month",
        "month_of_year",
        "day_of_week",
        "timezone",
    ]
    readonly_fields = ["meaning"]

    @admin.display(description=_("in words"))
    def meaning(self, schedule: CrontabSchedule) -> str:
        """When it is."""
        return _cron_in_words(schedule)


class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, AuditedAdmin):
    """What beat sends and when. Its own template is left out: it needs inline scripts."""

    form = PeriodicTaskForm
    change_form_template = None
    actions = ["enable", "disable"]
    list_display = ["task_name", "enabled", "timetable", "last_run_at", "one_off"]
    list_filter = ["enabled", "one_off"]
    date_hierarchy = None

    @admin.display(description=_("task name"), ordering="name")
    def task_name(self, task: PeriodicTask) -> str:
        """What the task is called; our own tasks in the language of the reader."""
        return _t(task.name)

    @admin.display(description=_("Schedule"))
    def timetable(self, task: PeriodicTask) -> str:
        """When beat sends it."""
        return _cron_in_words(task.crontab) if task.crontab else str(task.scheduler)

    @admin.display(description=_("in words"))
    def crontab_translation(self, task: PeriodicTask) -> str:
        """When its crontab line is."""
        return _cron_in_words(task.crontab) if task.crontab else "–"

    def audit_resource(self, obj: PeriodicTask) -> str:
        """By name, which is unique and says more than a number."""
        return f"periodictask:{obj.name}"

    @admin.action(description=_("Enable selected tasks"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Beat sends them again."""
        self._note_all(request, queryset, enabled=True)
        self.enable_tasks(request, queryset)

    @admin.action(description=_("Disable selected tasks"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Beat stops sending them."""
        self._note_all(request, queryset, enabled=False)
        self.disable_tasks(request, queryset)

    def _note_all(self, request: HttpRequest, queryset: QuerySet[PeriodicTask], *, enabled: bool) -> None:
        for task in queryset:
            self.note(request, task, {"action": "change", "changed": ["enabled"], "enabled": enabled})


def _cron_in_words(schedule: CrontabSchedule) -> str:
    """In the language of the reader; the library knows only that of the server."""
    line = str(schedule).partition(" (")[0]
    options = cron_descriptor.Options()
    options.locale_code = "zh_CN" if (get_language() or "").startswith("zh") else "en_US"
    options.use_24hour_time_format = True
    try:
        return f"{cron_descriptor.get_description(line, options)} {schedule.timezone}"
    except CRON_RIDDLES:
        return f"{line} {schedule.timezone}"


def set_up() -> None:
    """Called once, before the admin's addresses are built."""
    site = admin.site
    for model in (Group, EmailAddress, PeriodicTask, CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule):
        if site.is_registered(model):
            site.unregister(model)
    site.register(PeriodicTask, PeriodicTaskAdmin)
    site.register(CrontabSchedule, CrontabAdmin)
    site.register([IntervalSchedule, ClockedSchedule, SolarSchedule], ScheduleAdmin)
    site.index_title = _("Overview")
    site.login = secure_admin_login(site.login)  # type: ignore[method-assign]
    site.has_permission = _may_enter  # type: ignore[method-assign]
    site.password_change = _change_password  # type: ignore[method-assign, assignment]
    name_datasets(_dataset_title)


def _may_enter(request: HttpRequest) -> bool:
    """Platform people only. Others who are signed in get a refusal with a reason, not the sign-in page again."""
    if not request.user.is_authenticated:
        return False
    if not request.user.is_staff:
        raise PermissionDenied(_t("The admin is for people of the platform. Your own pages are under “My account”."))
    return True


def _change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """One page for everybody, with its own rules and audit entry."""
    return redirect("account_change_password")


def _dataset_title(key: str) -> str:
    known = {dataset.key: str(dataset.title) for dataset in registry.all_datasets()}
    return known.get(key, key)
