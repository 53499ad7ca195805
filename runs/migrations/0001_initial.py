import core.ids
import core.time
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migrations import CreateClusteredTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('experiments', '0001_initial'),
        ('workspaces', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MetricKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=250, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=500)),
                ('digest', models.CharField(max_length=36)),
                ('source_type', models.CharField(max_length=36)),
                ('source', models.TextField()),
                ('schema', models.TextField(blank=True, default='')),
                ('profile', models.TextField(blank=True, default='')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='datasets', to='experiments.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', models.CharField(default=core.ids.new_logged_model_id, editable=False, max_length=34, unique=True)),
                ('name', models.CharField(default=core.ids.new_name, max_length=500)),
                ('model_type', models.CharField(blank=True, default='', max_length=500)),
                ('source_run_id', models.CharField(blank=True, db_index=True, default='', max_length=32)),
                ('status', models.CharField(choices=[('LOGGED_MODEL_PENDING', 'Pending'), ('LOGGED_MODEL_READY', 'Ready'), ('LOGGED_MODEL_UPLOAD_FAILED', 'Upload Failed')], default='LOGGED_MODEL_PENDING', max_length=26)),
                ('status_message', models.TextField(blank=True, default='')),
                ('artifact_uri', models.TextField()),
                ('creation_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('deleted_time', models.BigIntegerField(null=True)),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='logged_models', to='experiments.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='LoggedModelMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.CharField(max_length=32)),
                ('key', models.CharField(max_length=250)),
                ('step', models.BigIntegerField()),
                ('timestamp', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('dataset_name', models.CharField(blank=True, default='', max_length=500)),
                ('dataset_digest', models.CharField(blank=True, default='', max_length=36)),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='runs.loggedmodel')),
            ],
        ),
        CreateClusteredTable(
            name='LoggedModelParam',
            fields=[
                ('pk', models.CompositePrimaryKey('model_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='params', to='runs.loggedmodel')),
            ],
        ),
        CreateClusteredTable(
            name='LoggedModelTag',
            fields=[
                ('pk', models.CompositePrimaryKey('model_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='runs.loggedmodel')),
            ],
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.CharField(default=core.ids.new_run_id, editable=False, max_length=32, unique=True)),
                ('name', models.TextField(default=core.ids.new_name)),
                ('user_id', models.TextField(blank=True, default='')),
                ('status', models.CharField(choices=[('RUNNING', 'Running'), ('SCHEDULED', 'Scheduled'), ('FINISHED', 'Finished'), ('FAILED', 'Failed'), ('KILLED', 'Killed')], default='RUNNING', max_length=9)),
                ('lifecycle_stage', models.CharField(choices=[('active', 'Active'), ('deleted', 'Deleted')], default='active', max_length=7)),
                ('start_time', models.BigIntegerField(default=core.time.now_ms)),
                ('end_time', models.BigIntegerField(null=True)),
                ('deleted_time', models.BigIntegerField(null=True)),
                ('artifact_uri', models.TextField()),
                ('parent_run_id', models.CharField(blank=True, default='', max_length=32)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='experiments.experiment')),
            ],
        ),
        CreateClusteredTable(
            name='Param',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='params', to='runs.run')),
            ],
        ),
        CreateClusteredTable(
            name='MetricStat',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'key_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('last', models.FloatField(null=True)),
                ('last_step', models.BigIntegerField()),
                ('last_timestamp', models.BigIntegerField()),
                ('first', models.FloatField(null=True)),
                ('first_step', models.BigIntegerField()),
                ('first_timestamp', models.BigIntegerField()),
                ('minimum', models.FloatField(null=True)),
                ('minimum_step', models.BigIntegerField(null=True)),
                ('maximum', models.FloatField(null=True)),
                ('maximum_step', models.BigIntegerField(null=True)),
                ('total', models.FloatField(null=True)),
                ('count', models.BigIntegerField()),
                ('nan_count', models.BigIntegerField()),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='experiments.experiment')),
                ('key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='runs.metrickey')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='stats', to='runs.run')),
            ],
        ),
        CreateClusteredTable(
            name='Metric',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'key_id', 'step', 'timestamp', 'value', 'is_nan', blank=True, editable=False, primary_key=True, serialize=False)),
                ('step', models.BigIntegerField()),
                ('timestamp', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='runs.metrickey')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='runs.run')),
            ],
        ),
        migrations.CreateModel(
            name='RunInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', models.CharField(blank=True, default='', max_length=500)),
                ('tags', models.JSONField(default=dict)),
                ('dataset', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='runs.dataset')),
                ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='runs.loggedmodel')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='runs.run')),
            ],
        ),
        CreateClusteredTable(
            name='RunKey',
            fields=[
                ('pk', models.CompositePrimaryKey('experiment_id', 'kind', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('param', 'Param'), ('metric', 'Metric'), ('tag', 'Tag')], max_length=6)),
                ('name', models.CharField(max_length=250)),
                ('sample', models.CharField(blank=True, max_length=250)),
                ('varies', models.BooleanField(default=False)),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='run_keys', to='experiments.experiment')),
            ],
        ),
        migrations.CreateModel(
            name='RunOutput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.BigIntegerField(default=0)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outputs', to='runs.loggedmodel')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outputs', to='runs.run')),
            ],
        ),
        CreateClusteredTable(
            name='RunTag',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='runs.run')),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=32, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('visibility', models.CharField(choices=[('private', 'Private'), ('workspace', 'Workspace')], default='private', max_length=9)),
                ('is_default', models.BooleanField(default=False)),
                ('query', models.TextField(blank=True, default='')),
                ('charts', models.JSONField(default=list)),
                ('creation_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('experiment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='views', to='experiments.experiment')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='views', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to='workspaces.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Selection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=32, unique=True)),
                ('owner', models.CharField(db_index=True, max_length=64)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('experiment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='selections', to='experiments.experiment')),
                ('runs', models.ManyToManyField(related_name='selections', to='runs.run')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='selections', to='workspaces.workspace')),
            ],
        ),
        migrations.AddConstraint(
            model_name='dataset',
            constraint=models.UniqueConstraint(fields=('experiment', 'name', 'digest'), name='dataset_digest'),
        ),
        migrations.AddIndex(
            model_name='loggedmodel',
            index=models.Index(fields=['experiment', '-creation_time', 'model_id'], name='model_table'),
        ),
        migrations.AddConstraint(
            model_name='loggedmodelmetric',
            constraint=models.UniqueConstraint(fields=('model', 'key', 'step', 'timestamp', 'value', 'is_nan', 'run_id', 'dataset_name', 'dataset_digest'), name='logged_model_point'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['experiment', 'lifecycle_stage', '-start_time', 'run_id'], name='run_table'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('lifecycle_stage', 'active'), ('status', 'RUNNING')), fields=['experiment'], name='run_running'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('parent_run_id', ''), _negated=True), fields=['parent_run_id', '-start_time'], name='run_children'),
        ),
        migrations.AddIndex(
            model_name='metricstat',
            index=models.Index(fields=['experiment', 'key', 'last', 'run'], name='stat_order'),
        ),
        migrations.AddConstraint(
            model_name='runinput',
            constraint=models.UniqueConstraint(fields=('run', 'dataset'), name='input_dataset'),
        ),
        migrations.AddConstraint(
            model_name='runinput',
            constraint=models.UniqueConstraint(fields=('run', 'model'), name='input_model'),
        ),
        migrations.AddConstraint(
            model_name='runinput',
            constraint=models.CheckConstraint(condition=models.Q(('dataset__isnull', True), ('model__isnull', True), _connector='XOR'), name='input_is_dataset_or_model'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('experiment',), name='one_default_view'),
        ),
    ]
