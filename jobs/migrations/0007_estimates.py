"""What was expected of an export when it was asked for, kept beside what came out."""

from django.db import migrations, models

# An estimate made afterwards would be none. The trigger costs nothing as long as no statement names these columns.
ESTIMATE_FROZEN = """
CREATE FUNCTION jobs_export_estimate_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.filter_shape, OLD.planned_rows, OLD.estimated_rows, OLD.estimated_bytes, OLD.estimated_seconds)
       IS DISTINCT FROM
       (NEW.filter_shape, NEW.planned_rows, NEW.estimated_rows, NEW.estimated_bytes, NEW.estimated_seconds) THEN
        RAISE EXCEPTION 'export %: its estimate is frozen', OLD.job_no USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER estimate_frozen
    BEFORE UPDATE OF filter_shape, planned_rows, estimated_rows, estimated_bytes, estimated_seconds ON jobs_exportjob
    FOR EACH ROW EXECUTE FUNCTION jobs_export_estimate_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0006_chunks")]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="filter_shape",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="exportjob", name="planned_rows", field=models.BigIntegerField(editable=False, null=True)
        ),
        migrations.AddField(
            model_name="exportjob",
            name="estimated_rows",
            field=models.BigIntegerField(null=True, verbose_name="rows estimated"),
        ),
        migrations.AddField(
            model_name="exportjob",
            name="estimated_bytes",
            field=models.BigIntegerField(null=True, verbose_name="bytes estimated"),
        ),
        migrations.AddField(
            model_name="exportjob",
            name="estimated_seconds",
            field=models.FloatField(null=True, verbose_name="seconds estimated"),
        ),
        migrations.AddIndex(
            model_name="exportjob",
            index=models.Index(
                condition=models.Q(planned_rows__isnull=False, row_count__isnull=False),
                fields=["tenant", "dataset", "filter_shape", "-finished_at"],
                name="jobs_export_learned_rows",
            ),
        ),
        migrations.AddIndex(
            model_name="exportjob",
            index=models.Index(
                condition=models.Q(row_count__isnull=False),
                fields=["tenant", "dataset", "file_type", "-finished_at"],
                name="jobs_export_learned_pace",
            ),
        ),
        migrations.RunSQL(
            ESTIMATE_FROZEN,
            "DROP TRIGGER estimate_frozen ON jobs_exportjob; DROP FUNCTION jobs_export_estimate_frozen()",
        ),
    ]
