from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Concurrently: deals are written while it runs."""

    atomic = False

    dependencies = [("leads", "0007_stages_that_are_gone")]

    operations = [
        AddIndexConcurrently(
            model_name="deal",
            index=models.Index(
                fields=["tenant", "stage", "expected_close_date", "public_id"], name="deal_by_expected_close"
            ),
        ),
        AddIndexConcurrently(
            model_name="deal",
            index=models.Index(
                fields=["tenant", "stage", "closed_at", "public_id"], include=["value"], name="deal_by_closing"
            ),
        ),
    ]
