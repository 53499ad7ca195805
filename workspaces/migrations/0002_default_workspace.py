from django.db import migrations


def create_default(apps, schema_editor):
    apps.get_model("workspaces", "Workspace").objects.get_or_create(
        slug="default", defaults={"name": "Default workspace"}
    )


class Migration(migrations.Migration):
    """The workspace that clients get which name none."""

    dependencies = [("workspaces", "0001_initial")]

    operations = [migrations.RunPython(create_default, migrations.RunPython.noop)]
