from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """A stage without a position is gone, and its name free again. A table of a few rows a tenant."""

    dependencies = [("leads", "0006_counted_searches")]

    operations = [
        migrations.RemoveConstraint(model_name="stage", name="stage_name_unique"),
        migrations.AlterField(
            model_name="stage",
            name="position",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="position"),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.UniqueConstraint(
                "tenant",
                "pipeline",
                Lower("name"),
                condition=models.Q(position__isnull=False),
                name="stage_name_unique",
                violation_error_message="The pipeline has a stage of this name already.",
            ),
        ),
    ]
