"""Definitions of custom exports and their versions; what a custom export reads, on the job."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.fields.json
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import secure_tenant_table

VERSION_FROZEN = """
CREATE FUNCTION jobs_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of a definition never change' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON jobs_definitionversion
FOR EACH ROW EXECUTE FUNCTION jobs_version_frozen();
"""
ORIGIN_FROZEN = """
CREATE FUNCTION jobs_export_origin_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.definition_id, OLD.definition_version) IS DISTINCT FROM (NEW.definition_id, NEW.definition_version) THEN
        RAISE EXCEPTION 'export %: the request is frozen', OLD.job_no USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER origin_frozen BEFORE UPDATE ON jobs_exportjob FOR EACH ROW EXECUTE FUNCTION jobs_export_origin_frozen();
"""
JOB_KEY = """
ALTER TABLE jobs_exportjob ADD CONSTRAINT jobs_exportjob_definition_id_tenant_fk FOREIGN KEY (tenant_id, definition_id)
REFERENCES jobs_exportdefinition (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_walls"),
        ("jobs", "0003_timetable"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="dataset",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        then=django.db.models.fields.json.KeyTextTransform("dataset", "params"), type="reports_custom"
                    ),
                    default=models.F("type"),
                    output_field=models.CharField(max_length=63),
                ),
                output_field=models.CharField(max_length=63),
                verbose_name="dataset",
            ),
        ),
        migrations.AddField(
            model_name="exportjob",
            name="definition_version",
            field=models.PositiveIntegerField(null=True, verbose_name="version"),
        ),
        migrations.CreateModel(
            name="ExportDefinition",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=500, verbose_name="description")),
                ("dataset", models.CharField(max_length=63, verbose_name="dataset")),
                (
                    "shared",
                    models.CharField(
                        choices=[
                            ("private", "Only me"),
                            ("roles", "People of certain roles"),
                            ("tenant", "The whole company"),
                        ],
                        default="private",
                        max_length=10,
                        verbose_name="shared with",
                    ),
                ),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="roles",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("updated_at", models.DateTimeField(verbose_name="changed")),
                ("archived_at", models.DateTimeField(null=True, verbose_name="archived")),
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
                "verbose_name": "export definition",
                "verbose_name_plural": "export definitions",
                "ordering": ["-updated_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DefinitionVersion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("body", models.JSONField(verbose_name="content")),
                ("comment", models.CharField(blank=True, max_length=500, verbose_name="comment")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
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
                (
                    "definition",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="jobs.exportdefinition",
                        verbose_name="export definition",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a definition",
                "verbose_name_plural": "versions of definitions",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="exportjob",
            name="definition",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="jobs.exportdefinition",
                verbose_name="export definition",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportjob",
            constraint=models.CheckConstraint(
                condition=models.Q(("dataset__isnull", False)), name="jobs_exportjob_dataset"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("definition", None), ("definition_version", None)),
                    models.Q(
                        ("definition__isnull", False), ("definition_version__isnull", False), ("type", "reports_custom")
                    ),
                    _connector="OR",
                ),
                name="jobs_exportjob_definition",
            ),
        ),
        migrations.AddIndex(
            model_name="exportdefinition",
            index=models.Index(fields=["tenant", "-updated_at", "-id"], name="jobs_definition_updated"),
        ),
        migrations.AddConstraint(
            model_name="exportdefinition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived_at", None)),
                fields=("tenant", "owner", "name"),
                name="jobs_definition_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportdefinition",
            constraint=models.CheckConstraint(
                condition=models.Q(("shared__in", ["private", "roles", "tenant"])), name="jobs_definition_shared"
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionversion",
            constraint=models.UniqueConstraint(
                fields=("tenant", "definition", "number"), name="jobs_definitionversion_number"
            ),
        ),
        secure_tenant_table("jobs_exportdefinition", references={"owner_id": "accounts_user"}),
        secure_tenant_table(
            "jobs_definitionversion",
            references={"definition_id": "jobs_exportdefinition", "created_by_id": "accounts_user"},
        ),
        migrations.RunSQL(JOB_KEY, "ALTER TABLE jobs_exportjob DROP CONSTRAINT jobs_exportjob_definition_id_tenant_fk"),
        migrations.RunSQL(
            VERSION_FROZEN, "DROP TRIGGER frozen ON jobs_definitionversion; DROP FUNCTION jobs_version_frozen()"
        ),
        migrations.RunSQL(
            ORIGIN_FROZEN, "DROP TRIGGER origin_frozen ON jobs_exportjob; DROP FUNCTION jobs_export_origin_frozen()"
        ),
    ]
