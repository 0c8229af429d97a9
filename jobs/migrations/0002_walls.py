"""What the database refuses: other tenants' rows, illegal edges, a changed file."""

from django.db import migrations

from exportcenter.common.rls import secure_tenant_table
from jobs.engine.ddl import engine_functions, job_table

EXPORT_FROZEN = """
CREATE FUNCTION jobs_export_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.type, OLD.sensitivity, OLD.file_type, OLD.params, OLD.columns, OLD.options, OLD.language,
        OLD.time_zone)
       IS DISTINCT FROM
       (NEW.type, NEW.sensitivity, NEW.file_type, NEW.params, NEW.columns, NEW.options, NEW.language,
        NEW.time_zone) THEN
        RAISE EXCEPTION 'export %: the request is frozen', OLD.job_no USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.file_key IS NOT NULL AND
       (OLD.file_key, OLD.file_name, OLD.file_size, OLD.file_sha256, OLD.row_count, OLD.snapshot_at,
        OLD.file_rights, OLD.file_regions)
       IS DISTINCT FROM
       (NEW.file_key, NEW.file_name, NEW.file_size, NEW.file_sha256, NEW.row_count, NEW.snapshot_at,
        NEW.file_rights, NEW.file_regions) THEN
        RAISE EXCEPTION 'export %: a published file never changes', OLD.job_no USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE ON jobs_exportjob FOR EACH ROW EXECUTE FUNCTION jobs_export_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        *engine_functions(),
        *job_table("jobs_exportjob"),
        migrations.RunSQL(EXPORT_FROZEN, "DROP TRIGGER frozen ON jobs_exportjob; DROP FUNCTION jobs_export_frozen()"),
        secure_tenant_table("jobs_attempt"),
        secure_tenant_table("jobs_joblog"),
        secure_tenant_table("jobs_event"),
        secure_tenant_table("jobs_turn", engine="SELECT, UPDATE, INSERT"),
        secure_tenant_table("jobs_daynumber"),
        secure_tenant_table("jobs_fileremoval", engine="SELECT, UPDATE"),
        secure_tenant_table("jobs_downloadhandle", references={"job_id": "jobs_exportjob", "user_id": "accounts_user"}),
    ]
