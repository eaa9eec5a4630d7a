"""Rows of the audit trail that nobody may rewrite or remove, also not by hand."""

from django.db import migrations

GUARD = """
CREATE FUNCTION salesos_audit_is_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER audit_is_evidence BEFORE UPDATE OR DELETE ON salesos_auditentry
    FOR EACH ROW EXECUTE FUNCTION salesos_audit_is_evidence();
"""

DROP = """
DROP TRIGGER audit_is_evidence ON salesos_auditentry;
DROP FUNCTION salesos_audit_is_evidence();
"""


class Migration(migrations.Migration):
    dependencies = [("salesos", "0002_cache_table")]

    operations = [migrations.RunSQL(GUARD, DROP)]
