import core.time
import django.db.models.deletion
from django.db import migrations, models

from core.migrations import CreateClusteredTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('workspaces', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=500)),
                ('artifact_location', models.CharField(max_length=2048)),
                ('lifecycle_stage', models.CharField(choices=[('active', 'Active'), ('deleted', 'Deleted')], default='active', max_length=7)),
                ('creation_time', models.BigIntegerField(default=core.time.now_ms)),
                ('last_update_time', models.BigIntegerField(default=core.time.now_ms)),
                ('primary_metric', models.CharField(blank=True, default='', max_length=250)),
                ('primary_direction', models.CharField(choices=[('higher', 'Higher'), ('lower', 'Lower')], default='higher', max_length=6)),
                ('replicate_keys', models.TextField(blank=True, default='seed')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='experiments', to='workspaces.workspace')),
            ],
        ),
        CreateClusteredTable(
            name='ExperimentTag',
            fields=[
                ('pk', models.CompositePrimaryKey('experiment_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('value', models.TextField(blank=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='experiments.experiment')),
            ],
        ),
        migrations.AddIndex(
            model_name='experiment',
            index=models.Index(fields=['workspace', 'lifecycle_stage', '-creation_time'], name='experiment_list'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='experiment_name'),
        ),
    ]
