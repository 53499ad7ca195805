import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MetricRollup',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'key_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('count', models.BigIntegerField()),
                ('by_time', models.BooleanField()),
                ('exponent', models.SmallIntegerField()),
                ('boundary', models.BigIntegerField()),
                ('settled', models.BigIntegerField()),
                ('points', models.BinaryField()),
                ('key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='runs.metrickey')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='runs.run')),
            ],
        ),
    ]
