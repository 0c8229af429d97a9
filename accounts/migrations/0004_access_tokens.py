"""Personal access tokens. Their walls: what a token is good for cannot be changed, its end is final, and a new password
ends every token of its person, however the password was changed."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import let_engine, secure_tenant_table

WRITABLE = "last_used_at, last_used_ip, revoked_at, revoked_by_id, revoked_for"

FINAL = """
CREATE FUNCTION accounts_accesstoken_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an ended token stays ended' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER final BEFORE UPDATE OF revoked_at, revoked_by_id, revoked_for ON accounts_accesstoken
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION accounts_accesstoken_final();
"""

ENDED_BY_OTHERS = """
CREATE FUNCTION accounts_user_password_ends_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_accesstoken SET revoked_at = statement_timestamp(), revoked_for = 'password'
    WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND revoked_at IS NULL AND expires_at > statement_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER password_ends_tokens AFTER UPDATE OF password ON accounts_user
    FOR EACH ROW WHEN (OLD.password IS DISTINCT FROM NEW.password
                       AND coalesce(current_setting('app.same_password', true), '') <> 'yes')
    EXECUTE FUNCTION accounts_user_password_ends_tokens();
"""

EPOCH = """
CREATE OR REPLACE FUNCTION accounts_user_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.is_active, OLD.tenant_id, OLD.regions) IS DISTINCT FROM (NEW.is_active, NEW.tenant_id, NEW.regions)
       OR (OLD.password IS DISTINCT FROM NEW.password{unless}) THEN
        NEW.authz_epoch := OLD.authz_epoch + 1;
    END IF;
    RETURN NEW;
END $$;
"""
UNLESS_RENEWED = " AND coalesce(current_setting('app.same_password', true), '') <> 'yes'"
"""A sign-in may replace an old kind of hash of the same password (accounts.models.user.User.check_password)."""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_live_stream"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("public_id", models.CharField(editable=False, max_length=12, unique=True)),
                ("secret_hash", models.BinaryField(max_length=32)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="scopes"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="valid until")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="last used")),
                ("last_used_ip", models.CharField(blank=True, max_length=45, verbose_name="last used from")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
                (
                    "revoked_for",
                    models.CharField(
                        blank=True,
                        choices=[("by_hand", "Revoked"), ("password", "Password changed")],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="revoked by",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "ordering": ["-created_at", "-id"],
                "indexes": [models.Index(fields=["tenant", "owner", "-created_at"], name="accounts_token_owner")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at__isnull", True), ("revoked_for", "")),
                            models.Q(("revoked_at__isnull", False), models.Q(("revoked_for", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="accounts_token_end_has_a_reason",
                    )
                ],
            },
        ),
        secure_tenant_table(
            "accounts_accesstoken",
            references={"owner_id": "accounts_user", "revoked_by_id": "accounts_user"},
            signin="id, tenant_id, public_id",
        ),
        let_engine("accounts_accesstoken", "SELECT", columns="id, revoked_at, expires_at"),
        migrations.RunSQL(
            f"REVOKE UPDATE, DELETE ON accounts_accesstoken FROM exportcenter_app;"
            f"GRANT UPDATE ({WRITABLE}) ON accounts_accesstoken TO exportcenter_app;",
            f"REVOKE UPDATE ({WRITABLE}) ON accounts_accesstoken FROM exportcenter_app;"
            "GRANT UPDATE, DELETE ON accounts_accesstoken TO exportcenter_app;",
        ),
        migrations.RunSQL(
            FINAL,
            "DROP TRIGGER final ON accounts_accesstoken; DROP FUNCTION accounts_accesstoken_final();",
        ),
        migrations.RunSQL(
            ENDED_BY_OTHERS,
            "DROP TRIGGER password_ends_tokens ON accounts_user; DROP FUNCTION accounts_user_password_ends_tokens();",
        ),
        migrations.RunSQL(EPOCH.format(unless=UNLESS_RENEWED), EPOCH.format(unless="")),
    ]
