"""An index for one's own jobs of one status."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0012_webhooks_and_timetable")]

    operations = [
        migrations.AddIndex(
            model_name="exportjob",
            index=models.Index(
                fields=["tenant", "owner", "status", "-created_at", "-id"], name="jobs_export_owner_status"
            ),
        ),
    ]
