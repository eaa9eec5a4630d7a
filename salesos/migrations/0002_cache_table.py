"""The table of `salesos.cache.PostgresCache`. Unlogged: it is quick and need not survive a crash of the server."""

from django.db import migrations

CREATE = """
CREATE UNLOGGED TABLE salesos_cache (
    key text PRIMARY KEY,
    number bigint,
    pickled bytea,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50)
"""


class Migration(migrations.Migration):
    dependencies = [("salesos", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "DROP TABLE salesos_cache")]
