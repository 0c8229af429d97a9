"""What ``manage.py doctor`` asks of EXTERNAL_DATABASES: does each answer, may we only read, do the models fit?"""

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import DateTimeField

from jobs import datasets
from jobs.datasets import Dataset

TIMESTAMP = 1114
"""Type oid of ``timestamp without time zone``."""
WRITABLE = r"""
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND (has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE')
       OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE'))
ORDER BY 1 LIMIT 3
"""
CREATABLE = r"""
SELECT format('%I', nspname) FROM pg_namespace
WHERE nspname NOT LIKE 'pg\_%' AND has_schema_privilege(oid, 'CREATE') ORDER BY 1 LIMIT 3
"""


class SourceWrong(Exception):
    """A source is not as it should be; the message says what to do, the password is never in it."""


def aliases() -> list[str]:
    """The databases to ask."""
    return sorted(set(connections.settings) - {"default"})


def check(alias: str) -> str:
    """One line on a source that is as it should be. Raises SourceWrong."""
    source = connections[alias]
    try:
        source.ensure_connection()
    except DatabaseError as error:
        raise SourceWrong(
            f"{error}\nCheck its address in EXTERNAL_DATABASES, its server and its pg_hba.conf."
        ) from error
    try:
        with source.cursor() as cursor:
            role, version, limit = _role(cursor)
            _refuse_writer(cursor, role)
            read = [one for one in datasets.all_datasets() if one.database == alias]
            for dataset in read:
                _refuse_other_table(cursor, role, dataset)
    finally:
        source.close()
    names = ", ".join(dataset.key for dataset in read) or "no dataset"
    return f"PostgreSQL {version}, role {role} only reads, connections {limit}, read by {names}"


def _role(cursor: Any) -> tuple[str, str, str]:
    cursor.execute(
        "SELECT current_user, current_setting('server_version'), r.rolconnlimit, r.rolsuper, "
        "current_setting('transaction_read_only') FROM pg_roles r WHERE r.rolname = current_user"
    )
    role, version, limit, superuser, read_only = cursor.fetchone()
    if superuser:
        raise SourceWrong(f"role {role} is a superuser. Make a role that may only read: docs/external-data.md.")
    if read_only != "on":
        raise SourceWrong(f"role {role} does not get a read-only session. Is there a pooler that drops its options?")
    if 0 <= limit < settings.EXTERNAL_CONNECTIONS:
        raise SourceWrong(
            f"role {role} may open {limit} connections, but EXTERNAL_CONNECTIONS is {settings.EXTERNAL_CONNECTIONS}.\n"
            f"Lower the setting, or run there: ALTER ROLE {role} CONNECTION LIMIT {settings.EXTERNAL_CONNECTIONS};"
        )
    return role, version, "not limited" if limit < 0 else f"at most {limit}"


def _refuse_writer(cursor: Any, role: str) -> None:
    """Privileges, not the read-only session, which the role itself could end."""
    cursor.execute(WRITABLE)
    tables = ", ".join(row[0] for row in cursor.fetchall())
    if tables:
        raise SourceWrong(
            f"role {role} may write to {tables}.\n"
            f"Run there: REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {tables} FROM {role}, PUBLIC; "
            "and see that it owns no table and is a member of no role that writes."
        )
    cursor.execute(CREATABLE)
    schemas = ", ".join(row[0] for row in cursor.fetchall())
    if schemas:
        raise SourceWrong(
            f"role {role} may create tables in {schemas}.\n"
            f"Run there: REVOKE CREATE ON SCHEMA {schemas} FROM {role}, PUBLIC;"
        )


def _refuse_other_table(cursor: Any, role: str, dataset: Dataset) -> None:
    """Every field of the model is there, may be read, and tells its zone if it is a time."""
    options = dataset.model._meta
    quote = connections[dataset.database].ops.quote_name
    fields = {field.column: field for field in options.concrete_fields if field.column}
    columns = ", ".join(quote(column) for column in fields)
    try:
        cursor.execute(f"SELECT {columns} FROM {quote(options.db_table)} LIMIT 0")  # noqa: S608 - names of a model
    except DatabaseError as error:
        raise SourceWrong(
            f"dataset {dataset.key}: {error}\nGive role {role} SELECT on it, or correct the model {options.label}."
        ) from error
    for column in cursor.description:
        if column.type_code == TIMESTAMP and isinstance(fields[column.name], DateTimeField):
            raise SourceWrong(
                f"dataset {dataset.key}: {options.db_table}.{column.name} is a timestamp without time zone, so its "
                "times would be wrong by hours.\nRead a view that says the zone: "
                f"{column.name} AT TIME ZONE '{settings.TIME_ZONE}' AS {column.name}"
            )
