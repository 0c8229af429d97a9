"""/healthz: the process answers. /readyz: what it depends on answers, too (SPEC O3)."""

from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Alive, without touching anything else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Each dependency by name; 503 when one of them fails."""
    checks = {"database": _database, "storage": _storage}
    problems = {name: reason for name, check in checks.items() if (reason := check())}
    status = {name: problems.get(name, "ok") for name in checks}
    return JsonResponse(status, status=503 if problems else 200)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        connection.close()
        return type(error).__name__
    return ""


def _storage() -> str:
    try:
        storages["exports"].exists("readyz")
    except Exception as error:  # noqa: BLE001 - any storage backend, any error: the point is to report it
        return type(error).__name__
    return ""
