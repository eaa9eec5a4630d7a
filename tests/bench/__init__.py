"""`make bench`: how fast SalesOS is beside what the machine allows. Nothing here is collected by pytest."""
