"""By what leads are found to be the same: the end of the phone number, name and company, the address behind an address.

Each key has an index of its own with what it is made of, so that groups are found in the index alone. Most addresses
are what they are, and not in theirs.
"""

from django.db import migrations

# Written out, since functions of ours that call each other are not found while an index is made.
INDEXES = {
    "lead_by_phone_key": "(tenant_id, right(leads_digits(phone), 8)) INCLUDE (phone) WHERE phone <> ''",
    "lead_by_name_key": (
        "(tenant_id, hashtextextended(leads_fold(name) || E'\\x1f' || leads_fold(company), 0)) "
        "INCLUDE (name, company) WHERE company <> ''"
    ),
    "lead_by_plain_email": (
        "(tenant_id, leads_plain_email(email)) INCLUDE (email) WHERE leads_plain_email(email) IS NOT NULL"
    ),
}


class Migration(migrations.Migration):
    # Indexes without a lock on the table.
    atomic = False
    dependencies = [("leads", "0004_lead_merge")]

    operations = [
        migrations.RunSQL(
            # One that an interrupted run left behind is not valid, and would stay so.
            [f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY {name} ON leads_lead {of}"],
            f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        )
        for name, of in INDEXES.items()
    ]
