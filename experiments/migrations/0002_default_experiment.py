from django.db import migrations


def create_default(apps, schema_editor):
    workspace = apps.get_model("workspaces", "Workspace").objects.get(slug="default")
    apps.get_model("experiments", "Experiment").objects.get_or_create(
        pk=0,
        defaults={
            "workspace": workspace,
            "name": "Default",
            "artifact_location": "mlflow-artifacts:/0",
        },
    )


class Migration(migrations.Migration):
    """The experiment that clients log to which name none; MLflow gives it the id 0."""

    dependencies = [
        ("experiments", "0001_initial"),
        ("workspaces", "0002_default_workspace"),
    ]

    operations = [migrations.RunPython(create_default, migrations.RunPython.noop)]
