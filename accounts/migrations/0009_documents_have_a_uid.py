import django.contrib.postgres.functions
from django.db import migrations, models

UID = {"editable": False, "null": True}


class Migration(migrations.Migration):
    """Without a value at first, so that no table is written anew; what is added from now on has one."""

    dependencies = [
        ("accounts", "0008_tag_colors"),
    ]

    operations = [
        migrations.AddField(model_name="invoice", name="uid", field=models.UUIDField(**UID)),
        migrations.AddField(model_name="payment", name="uid", field=models.UUIDField(**UID)),
        migrations.AlterField(
            model_name="invoice",
            name="uid",
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), **UID),
        ),
        migrations.AlterField(
            model_name="payment",
            name="uid",
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), **UID),
        ),
    ]
