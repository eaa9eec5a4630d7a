"""Leads from a CSV file of any size.

`columns` says which column is what, `reading` makes rows of the file and checks each by itself, `writing` says what
would become of a chunk of them, or has it become so in one transaction, and `outcomes` tells it in words. The command
(`manage.py import_leads`) and the dashboard (`leads.admin.importing`) drive them.
"""
