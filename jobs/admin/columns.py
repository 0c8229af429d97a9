"""What the admin says about an export, cell by cell: the list's columns and the fields of its page."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import policy
from accounts.models import User
from jobs.engine.states import Status
from jobs.exports import links, planning, words
from jobs.exports.estimating import accuracy
from jobs.exports.pages.rows import has_file
from jobs.exports.steps import CANCEL, RETRY
from jobs.models import ExportJob


class ExportColumns:
    """Mixin of the export's admin: words only, no rules."""

    FACTS = [
        "number",
        "status_badge",
        "progress_shown",
        "type_title",
        "class_title",
        "file",
        "size_shown",
        "rows",
        "forecast",
        "checksum",
        "as_of",
        "expiry",
        "creator",
        "source",
        "times",
        "chain",
    ]
    REQUEST = ["file_type", "conditions", "chosen_columns", "chosen_options", "setting", "request_id"]
    ENGINE = ["lane", "tries", "worker", "fence_no", "lease", "due", "stop_wish"]

    def filled(self, names: list[str], job: ExportJob) -> list[str]:
        """Those of ``names`` that have something to say: a page of dashes hides what it says."""

        def value(name: str) -> Any:
            return getattr(self, name)(job) if hasattr(self, name) else getattr(job, name)

        return [name for name in names if value(name) not in (None, "")]

    @staticmethod
    def bind(job: ExportJob, request: HttpRequest) -> None:
        """Remember the way to the file for this reader: where it is, or why there is no way."""
        user = cast(User, request.user)
        allowed = policy.may(user, policy.Action.EXPORT_DOWNLOAD, job)
        ready = has_file(job)
        address = links.absolute(request, job, links.link_for(job, user)) if ready and allowed else ""
        job.file_address, job.file_reason = address, allowed.reason  # type: ignore[attr-defined]
        job.shown_params = planning.shown_params(job, user)  # type: ignore[attr-defined]

    def step_column(self, user: User) -> Callable[[ExportJob], SafeString | str]:
        """The one thing to do with a row, for this reader: each leads to a page that asks first."""

        def next_step(job: ExportJob) -> SafeString | str:
            if has_file(job):
                allowed = policy.may(user, policy.Action.EXPORT_DOWNLOAD, job)
                return _link("download", job, _t("Download")) if allowed else _lock(allowed.reason)
            for step in (CANCEL, RETRY):
                if step.offered_to(user, job):
                    return _link(step.key, job, str(step.title))
            return "—"

        next_step.short_description = _("next step")  # type: ignore[attr-defined]
        return next_step

    def about(self, job: ExportJob) -> list[tuple[str, str]]:
        """What a question about an export shows of it."""
        period = [str(job.params[name]) for name in ("start", "end") if isinstance(job.params.get(name), str)]
        return [
            (_t("Type"), job.dataset_title),
            (_t("Status"), words.status_words(job)),
            (_t("Creator"), job.owner.display_name),
            (_t("Created"), words.moment(job.created_at) or ""),
            *([(_t("Period"), " – ".join(period))] if period else []),
        ]

    # --- list -------------------------------------------------------------------------------------------
    @display(description=_("job no."))
    def number(self, job: ExportJob) -> SafeString:
        """Running number."""
        return words.mono(job.job_no)

    @display(description=_("type"))
    def type_title(self, job: ExportJob) -> str:
        """Title of the dataset, and whether somebody has chosen the columns."""
        return job.type_title

    @display(description=_("status"), label=words.TONES)
    def status_shown(self, job: ExportJob) -> tuple[str, str]:
        """Sign, word and colour."""
        return job.status, words.status_words(job)

    @display(description=_("progress"))
    def progress_shown(self, job: ExportJob) -> SafeString | str:
        """A bar while it moves; rows written when nobody knows of how many."""
        if job.status == Status.QUEUED:
            return "—"
        if job.status != Status.PROCESSING:
            return f"{job.progress}%"
        stage = job.get_stage_display()
        if not job.rows_expected:
            return f"{stage} · {_t('%(rows)s rows') % {'rows': words.number(job.rows_done)}}"
        return format_html(
            '<span class="job-progress"><progress max="100" value="{0}" aria-label="{1} {0}%"></progress> {0}%</span>'
            '<span class="job-stage">{1}</span>',
            job.progress,
            stage,
        )

    @display(description=_("file"))
    def file_cell(self, job: ExportJob) -> SafeString | None:
        """The name, cut where the column ends."""
        return _cut(job.file_name)

    @display(description=_("size"), ordering=F("file_size").asc(nulls_first=True))
    def size_cell(self, job: ExportJob) -> str | None:
        """In a unit that people read."""
        return words.size(job.file_size)

    @display(description=_("creator"))
    def creator(self, job: ExportJob) -> str:
        """Who asked for it."""
        return job.owner.display_name

    @display(description=_("created"), ordering="created_at")
    def created(self, job: ExportJob) -> SafeString | None:
        """To the second."""
        return words.stamp(job.created_at)

    @display(description=_("finished"), ordering=F("finished_at").asc(nulls_first=True))
    def finished(self, job: ExportJob) -> SafeString | None:
        """To the second."""
        return words.stamp(job.finished_at)

    @display(description=_("source"))
    def source_cell(self, job: ExportJob) -> SafeString | None:
        """Where it was asked for, cut where the column ends."""
        return _cut(job.source)

    # --- page: facts ------------------------------------------------------------------------------------
    @display(description=_("status"))
    def status_badge(self, job: ExportJob) -> SafeString:
        """The same label as in the list."""
        return words.badge(words.status_words(job), words.TONES[job.status])

    @display(description=_("class"))
    def class_title(self, job: ExportJob) -> str:
        """Who may download it."""
        return _t(policy.CLASS_TITLES[job.sensitivity])

    @display(description=_("file"))
    def file(self, job: Any) -> SafeString | str | None:
        """A link for those who may, the reason for the others, what became of it when it is gone."""
        if job.status == Status.EXPIRED or (job.status == Status.READY and not has_file(job)):
            return _t("%(file)s has expired. Generate it again with the same conditions.") % {"file": job.file_name}
        if job.file_address:
            return format_html('<a class="job-link" href="{}">{}</a>', job.file_address, job.file_name)
        if job.file_name:
            return format_html('{}<span class="job-note">{}</span>', job.file_name, job.file_reason)
        return job.file_reason or None

    @display(description=_("size"))
    def size_shown(self, job: ExportJob) -> str | None:
        """In a unit that people read, and exactly."""
        if job.file_size is None or job.file_size < 1000:
            return words.size(job.file_size)
        exact = _t("%(count)s bytes") % {"count": words.number(job.file_size)}
        return f"{words.size(job.file_size)} ({exact})"

    @display(description=_("rows"))
    def rows(self, job: ExportJob) -> str | None:
        """Of the finished file, or as far as it has come."""
        if job.row_count is not None or not job.rows_done:
            return words.number(job.row_count)
        return f"{words.number(job.rows_done)} / {words.number(job.rows_expected) or '?'}"

    @display(description=_("estimate"))
    def forecast(self, job: ExportJob) -> SafeString | None:
        """What was expected at creation; once the file is there, how far that was from what came out."""
        if job.estimated_rows is None:
            return None
        errors = accuracy.errors(job) or {}
        lines = [
            (_t("Rows"), words.number(job.estimated_rows), words.deviation(errors.get("rows"))),
            (_t("Size"), words.size(job.estimated_bytes), words.deviation(errors.get("bytes"))),
            (_t("Duration"), words.seconds(job.estimated_seconds), words.deviation(errors.get("seconds"))),
        ]
        return format_html_join("", '<span class="job-pair"><span>{}</span> {} {}</span>', lines)

    @display(description=_("SHA-256"))
    def checksum(self, job: ExportJob) -> SafeString | None:
        """To compare a downloaded file with."""
        return words.mono(job.file_sha256) if job.file_sha256 else None

    @display(description=_("data as of"))
    def as_of(self, job: ExportJob) -> str | None:
        """Moment of the snapshot."""
        return words.moment(job.snapshot_at)

    @display(description=_("expires"))
    def expiry(self, job: ExportJob) -> str | None:
        """When the file goes."""
        return words.moment(job.expires_at)

    @display(description=_("times"))
    def times(self, job: ExportJob) -> SafeString:
        """Created, started, finished, and how long the last attempt took."""
        took = words.duration(job.started_at, job.finished_at)
        lines = [
            (_t("Created"), words.moment(job.created_at)),
            (_t("Started"), words.moment(job.started_at) or "—"),
            (_t("Finished"), words.moment(job.finished_at) or "—"),
        ]
        if took:
            lines.append((_t("Took"), took))
        return format_html_join("", '<span class="job-pair"><span>{}</span> {}</span>', lines)

    @display(description=_("retries"))
    def chain(self, job: ExportJob) -> SafeString | None:
        """The whole chain of retries, oldest first; this one is no link."""
        family = list(ExportJob.objects.filter(root_id=job.root_id).order_by("retry_no")[:50])
        if len(family) < 2:
            return None
        shown = [
            words.mono(one.job_no) if one.pk == job.pk else words.job_link(ExportJob, one.pk, one.job_no)
            for one in family
        ]
        return format_html_join(" → ", "{}", ((one,) for one in shown))

    @display(description=_("stack"))
    def stack(self, job: ExportJob) -> SafeString:
        """Where the program stopped. The admin names this field only for those who may see it."""
        return words.preformatted(job.error_stack)

    # --- page: request ----------------------------------------------------------------------------------
    @display(description=_("filters"))
    def conditions(self, job: Any) -> SafeString | None:
        """As they were sent, without values that a mask would hide from this reader."""
        return words.as_json(job.shown_params) if job.shown_params else None

    @display(description=_("columns"))
    def chosen_columns(self, job: ExportJob) -> str:
        """Keys in file order."""
        return _t("Default columns") if job.columns is None else ", ".join(job.columns)

    @display(description=_("options"))
    def chosen_options(self, job: ExportJob) -> SafeString | None:
        """As they were sent."""
        return words.as_json(job.options) if job.options else None

    @display(description=_("Language and time"))
    def setting(self, job: ExportJob) -> str:
        """In which the file is written."""
        return f"{dict(settings.LANGUAGES).get(job.language, job.language)} · {job.time_zone}"

    # --- page: engine -----------------------------------------------------------------------------------
    @display(description=_("lane"))
    def lane(self, job: ExportJob) -> str:
        """Fast or normal."""
        return job.get_priority_display()

    @display(description=_("attempts"))
    def tries(self, job: ExportJob) -> str:
        """So many of so many, and how often its worker died."""
        text = f"{job.attempt} / {job.max_attempts}"
        return f"{text} · {_t('worker lost: %(count)d') % {'count': job.crash_count}}" if job.crash_count else text

    @display(description=_("worker"))
    def worker(self, job: ExportJob) -> str:
        """Host and process of the last claim."""
        return job.lease_owner

    @display(description=_("fence"))
    def fence_no(self, job: ExportJob) -> str:
        """Number of the last claim; an identifier, hence without separators."""
        return str(job.fence)

    @display(description=_("lease until"))
    def lease(self, job: ExportJob) -> str | None:
        """Without a renewal before this moment the job is taken over."""
        return words.moment(job.lease_until)

    @display(description=_("due"))
    def due(self, job: ExportJob) -> str | None:
        """Not before this moment: later than now while it waits for its next attempt."""
        return words.moment(job.available_at)

    @display(description=_("cancel requested"))
    def stop_wish(self, job: ExportJob) -> str | None:
        """When and by whom."""
        asked = words.moment(job.cancel_requested_at)
        return f"{asked} · {job.cancel_requested_by}" if asked else None


def _link(key: str, job: ExportJob, text: str) -> SafeString:
    address = reverse(f"admin:jobs_exportjob_{key}", args=[job.pk])
    return format_html('<a class="job-link" href="{}" aria-label="{} {}">{}</a>', address, text, job.job_no, text)


def _lock(reason: str) -> SafeString:
    return format_html(
        '<span class="material-symbols-outlined job-lock" role="img" title="{0}" aria-label="{0}">lock</span>', reason
    )


def _cut(text: str) -> SafeString | None:
    return format_html('<span class="job-cut" title="{0}">{0}</span>', text) if text else None
