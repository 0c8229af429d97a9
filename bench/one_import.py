"""One import in a process of its own: python -m bench.one_import <ours|peer|peer_bulk> <file>."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench import environment


def ours(path: Path) -> dict[str, Any]:
    """The whole way: keep the file, check it, confirm, write."""
    from accounts.models import User
    from accounts.tenancy import tenant_scope
    from jobs.engine import kinds, runner
    from jobs.imports import files, services
    from jobs.models import ImportJob

    tenant_id, user_id = environment.actor()
    kind = kinds.get("import")
    started = time.perf_counter()
    with tenant_scope(tenant_id):
        admin = User.objects.get(pk=user_id)
        with path.open("rb") as source:
            kept = files.keep_file(iter(lambda: source.read(1 << 20), b""), name=path.name, actor=admin)
        job = services.request_import(file_id=kept.pk, dataset="members", mode="create", actor=admin)
    first = _first_counts(tenant_id, job.pk, started)
    assert runner.run_one_due(kind, ring=False)
    checked = time.perf_counter()
    with tenant_scope(tenant_id):
        services.confirm_import(job.job_no, actor=admin)
    assert runner.run_one_due(kind, ring=False)
    ended = time.perf_counter()
    with tenant_scope(tenant_id):
        done = ImportJob.objects.get(pk=job.pk)
    assert done.status == "ready", done.error_message
    return {
        "rows": done.counts["created"],
        "seconds": ended - started,
        "check_seconds": checked - started,
        "first_seconds": first[0] if first else checked - started,
    }


def _first_counts(tenant_id: Any, job_id: Any, started: float) -> list[float]:
    """Seconds from the upload until a page could show the first rows' results: filled in meanwhile."""
    from accounts.tenancy import tenant_scope
    from jobs.models import ImportJob

    found: list[float] = []

    def look() -> None:
        while not found:
            with tenant_scope(tenant_id):
                if ImportJob.objects.get(pk=job_id).counts:
                    found.append(time.perf_counter() - started)
            time.sleep(0.05)

    threading.Thread(target=look, daemon=True).start()
    return found


def peer(path: Path, *, bulk: bool = False) -> dict[str, Any]:
    """django-import-export as its manual shows it: a dataset, a resource, one pass that writes."""
    import tablib
    from import_export import resources

    from accounts.tenancy import tenant_scope
    from bench.imports import COLUMNS
    from jobs.records.models import Member

    class MemberResource(resources.ModelResource):
        class Meta:
            model = Member
            fields = COLUMNS
            import_id_fields = ("member_no",)
            use_bulk = bulk
            skip_diff = bulk
            batch_size = 1_000

    tenant_id, _user = environment.actor()
    started = time.perf_counter()
    with tenant_scope(tenant_id):
        if path.suffix == ".csv":
            data = tablib.Dataset().load(path.read_text(encoding="utf-8"), format="csv")
        else:
            data = tablib.Dataset().load(path.read_bytes(), format="xlsx")
        result = MemberResource().import_data(data, dry_run=False, raise_errors=True)
        assert not result.has_errors()
    seconds = time.perf_counter() - started
    with tenant_scope(tenant_id):
        return {"rows": Member.objects.count(), "seconds": seconds}


def main() -> None:
    """Print what was written and the seconds, as JSON."""
    environment.prepare()
    program, path = sys.argv[1], Path(sys.argv[2])
    said = ours(path) if program == "ours" else peer(path, bulk=program == "peer_bulk")
    print(json.dumps(said))


if __name__ == "__main__":
    main()
