import core.time
import django.db.models.deletion
from django.db import migrations, models

from core.migrations import CreateClusteredTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('runs', '0001_initial'),
        ('workspaces', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('description', models.TextField(blank=True, default='')),
                ('user_id', models.TextField(blank=True, default='')),
                ('source', models.TextField()),
                ('storage_location', models.TextField(blank=True, default='')),
                ('source_run_id', models.CharField(blank=True, db_index=True, default='', max_length=32)),
                ('source_model_id', models.CharField(blank=True, default='', max_length=34)),
                ('run_link', models.TextField(blank=True, default='')),
                ('status', models.CharField(default='READY', max_length=20)),
                ('status_message', models.TextField(blank=True, default='')),
                ('stage', models.CharField(choices=[('None', 'None'), ('Staging', 'Staging'), ('Production', 'Production'), ('Archived', 'Archived')], default='None', max_length=10)),
                ('creation_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('deleted_time', models.BigIntegerField(null=True)),
                ('logged_model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='model_versions', to='runs.loggedmodel')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='model_versions', to='runs.run')),
            ],
        ),
        CreateClusteredTable(
            name='ModelVersionTag',
            fields=[
                ('pk', models.CompositePrimaryKey('model_version_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='registry.modelversion')),
            ],
        ),
        migrations.CreateModel(
            name='RegisteredModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True, default='')),
                ('creation_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_version', models.PositiveIntegerField(default=0)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='registered_models', to='workspaces.workspace')),
            ],
        ),
        migrations.AddField(
            model_name='modelversion',
            name='model',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='registry.registeredmodel'),
        ),
        CreateClusteredTable(
            name='ModelAlias',
            fields=[
                ('pk', models.CompositePrimaryKey('model_id', 'alias', blank=True, editable=False, primary_key=True, serialize=False)),
                ('alias', models.CharField(max_length=255)),
                ('model_version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='registry.modelversion')),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='registry.registeredmodel')),
            ],
        ),
        CreateClusteredTable(
            name='RegisteredModelTag',
            fields=[
                ('pk', models.CompositePrimaryKey('model_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='registry.registeredmodel')),
            ],
        ),
        migrations.AddConstraint(
            model_name='registeredmodel',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='registered_model_name'),
        ),
        migrations.AddConstraint(
            model_name='modelversion',
            constraint=models.UniqueConstraint(fields=('model', 'version'), name='model_version_number'),
        ),
    ]
