"""The catalogues of the languages: `make messages` brings them up to date, a test finds what is missing in them."""
