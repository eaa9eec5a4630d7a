"""Choosing a person by typing: a search that answers as a page, and while one types through htmx."""

from django.db.models import Q

from salesos.models import Collaborator

MOST_FOUND = 10


def people_like(text: str, *, without: int = 0) -> list[Collaborator]:
    """People whose name, e-mail address (an alias' included) or external id holds `text`, the first few by name."""
    text = text.strip()
    if not text:
        return []
    matches = Q(name__icontains=text) | Q(email__icontains=text) | Q(external_id__icontains=text)
    survivors = Collaborator.objects.filter(email__icontains=text).exclude(merged_into=None).values("merged_into")
    found = Collaborator.objects.people().filter(matches | Q(pk__in=survivors)).exclude(pk=without)
    return list(found.select_related("team").order_by("name", "pk")[:MOST_FOUND])
