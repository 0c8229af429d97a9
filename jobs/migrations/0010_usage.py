"""What the usage overview reads: an index that answers for jobs without their rows, and one of downloads by time.

The first takes the place of the one that lists count by, with two more columns. The second lies on the audit trail,
whose downloads would otherwise be read from the first day on; it belongs to the overview, hence it is made here.
"""

from django.db import migrations, models

DOWNLOADS = (
    "CREATE INDEX accounts_audit_downloads ON accounts_auditentry (tenant_id, timestamp) "
    "WHERE operation = 'export_file_download' AND result = 'success'"
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_live_stream"), ("jobs", "0009_pages_timetable")]

    operations = [
        migrations.RemoveIndex("exportjob", "jobs_export_created"),
        migrations.AddIndex(
            "exportjob",
            models.Index(
                fields=["tenant", "-created_at", "-id"],
                include=[
                    "owner",
                    "sensitivity",
                    "status",
                    "type",
                    "file_type",
                    "finished_at",
                    "started_at",
                    "file_size",
                ],
                name="jobs_export_created",
            ),
        ),
        migrations.RunSQL(DOWNLOADS, "DROP INDEX accounts_audit_downloads"),
    ]
