"""Row-level security and composite foreign keys of the sample tables, and statistics on demand."""

from django.db import migrations

from exportcenter.common.rls import secure_tenant_table

# Only an owner may ANALYZE. After a million new rows the planner must not wait for autovacuum, so the owner lends
# the app role this one fixed statement.
ANALYZE = """
CREATE FUNCTION records_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE records_member, records_order, records_riskhit;
END $$;
REVOKE ALL ON FUNCTION records_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_analyze() TO exportcenter_app;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        secure_tenant_table("records_member"),
        secure_tenant_table("records_order", references={"member_id": "records_member"}),
        secure_tenant_table("records_riskhit", references={"member_id": "records_member", "order_id": "records_order"}),
        migrations.RunSQL(ANALYZE, "DROP FUNCTION records_analyze()"),
    ]
