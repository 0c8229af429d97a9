"""Row-level security, composite keys, append-only audit, and the epoch that grows with every change of rights."""

from django.db import migrations

from exportcenter.common.rls import secure_tenant_table

AUDIT_APPEND_ONLY = """
CREATE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only();
REVOKE UPDATE, DELETE ON accounts_auditentry FROM exportcenter_app;
"""

EPOCH = """
CREATE FUNCTION accounts_user_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.is_active, OLD.tenant_id, OLD.password, OLD.regions)
       IS DISTINCT FROM (NEW.is_active, NEW.tenant_id, NEW.password, NEW.regions) THEN
        NEW.authz_epoch := OLD.authz_epoch + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER epoch BEFORE UPDATE ON accounts_user FOR EACH ROW EXECUTE FUNCTION accounts_user_epoch();

CREATE FUNCTION accounts_userrole_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_user SET authz_epoch = authz_epoch + 1
    WHERE (TG_OP <> 'INSERT' AND id = OLD.user_id) OR (TG_OP <> 'DELETE' AND id = NEW.user_id);
    RETURN NULL;
END $$;
CREATE TRIGGER epoch AFTER INSERT OR UPDATE OR DELETE ON accounts_userrole
    FOR EACH ROW EXECUTE FUNCTION accounts_userrole_epoch();

CREATE FUNCTION accounts_rolepermission_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_user u SET authz_epoch = authz_epoch + 1
    FROM accounts_userrole ur
    WHERE ur.user_id = u.id AND ((TG_OP <> 'INSERT' AND ur.role_id = OLD.role_id)
                                 OR (TG_OP <> 'DELETE' AND ur.role_id = NEW.role_id));
    RETURN NULL;
END $$;
CREATE TRIGGER epoch AFTER INSERT OR UPDATE OR DELETE ON accounts_rolepermission
    FOR EACH ROW EXECUTE FUNCTION accounts_rolepermission_epoch();

CREATE FUNCTION accounts_tenant_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_active IS DISTINCT FROM NEW.is_active THEN
        UPDATE accounts_user SET authz_epoch = authz_epoch + 1 WHERE tenant_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER epoch AFTER UPDATE ON accounts_tenant FOR EACH ROW EXECUTE FUNCTION accounts_tenant_epoch();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE accounts_user_code_seq START 1001", "DROP SEQUENCE accounts_user_code_seq"),
        secure_tenant_table("accounts_tenant", column="id", engine="SELECT"),
        secure_tenant_table("accounts_tenanthead"),
        secure_tenant_table("accounts_user", signin="id, tenant_id, username"),
        secure_tenant_table("accounts_role"),
        secure_tenant_table("accounts_rolepermission", references={"role_id": "accounts_role"}),
        secure_tenant_table("accounts_userrole", references={"user_id": "accounts_user", "role_id": "accounts_role"}),
        secure_tenant_table("accounts_auditentry"),
        migrations.RunSQL(
            AUDIT_APPEND_ONLY,
            "DROP TRIGGER append_only_truncate ON accounts_auditentry; DROP TRIGGER append_only ON accounts_auditentry;"
            "DROP FUNCTION accounts_audit_append_only(); "
            "GRANT UPDATE, DELETE ON accounts_auditentry TO exportcenter_app;",
        ),
        migrations.RunSQL(
            EPOCH,
            ";".join(
                f"DROP TRIGGER epoch ON accounts_{name}; DROP FUNCTION accounts_{name}_epoch()"
                for name in ("tenant", "rolepermission", "userrole", "user")
            ),
        ),
    ]
