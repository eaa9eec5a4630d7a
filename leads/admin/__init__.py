"""The dashboard's screens for leads and deals; importing the package registers them."""

__all__: list[str] = []
