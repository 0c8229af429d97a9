from django.db import migrations

from jobs.engine.ddl import job_table


class Migration(migrations.Migration):
    dependencies = [("echo", "0001_initial"), ("jobs", "0002_walls")]
    operations = [*job_table("echo_echojob")]
