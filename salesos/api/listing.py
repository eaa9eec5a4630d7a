"""What all lists of the API share: pages, the order, filters, and the `meta` of their answers.

A view declares what its list offers and reads each request by it:

    LEADS = Listing(sorts=("name", "created_at"), default_sort="-created_at", filters={"status": choice("new", …)})

    def get(self, request):
        asked = LEADS.read(request)
        total = leads.count()
        rows = asked.rows_of(leads.order_by(*asked.order_by()), total)
        return self.answer_list([lead_json(lead) for lead in rows], asked.meta(total))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from salesos.api import parameters
from salesos.api.parameters import Parameter

DEFAULT_PER_PAGE = 25
MOST_PER_PAGE = 100
FURTHEST = 2**63 - 1
"""No list has so many rows, and no database counts further."""

Row = TypeVar("Row", bound=Model)

PAGING: Mapping[str, Parameter] = {
    "page": parameters.number(least=1, default=1, description="Which page. One past the end is an empty list."),
    "per_page": parameters.number(
        least=1, most=MOST_PER_PAGE, default=DEFAULT_PER_PAGE, description="How many results a page has."
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of a list. `filters` holds those that it names, read."""

    page: int
    per_page: int
    sort: str
    """A name of the listing's `sorts`, or "" where it has none."""
    is_descending: bool
    filters: Mapping[str, Any]

    @property
    def offset(self) -> int:
        return min((self.page - 1) * self.per_page, FURTHEST)

    def order_by(self, columns: Mapping[str, str] | None = None, *, tie_break: str = "id") -> list[str]:
        """For `QuerySet.order_by`: the column asked for (of `columns` where its name is another), then the tie-break in
        the same direction, so that pages are stable and one index serves both ways."""
        sign = "-" if self.is_descending else ""
        column = (columns or {}).get(self.sort, self.sort)
        return [sign + column, sign + tie_break]

    def meta(self, total: int) -> dict[str, int]:
        return {
            "total": total,
            "page": self.page,
            "per_page": self.per_page,
            "total_pages": -(-total // self.per_page),
        }

    def rows_of(self, rows: QuerySet[Row, Any], total: int) -> list[Any]:
        """The rows of this page, of `total` in all; past the end nothing is asked of the database."""
        return list(rows[self.offset : self.offset + self.per_page]) if self.offset < total else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list can be asked: the names it sorts by, and its filters."""

    sorts: Sequence[str] = ()
    default_sort: str = ""
    filters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Parameter]:
        sort = {"sort": self._sort()} if self.sorts else {}
        return {**PAGING, **sort, **self.filters}

    def read(self, request: Request) -> Asked:
        """What a request asks. Raises `ValidationFailed` that names every parameter that is unknown or bad."""
        values = parameters.read(request._request, self.parameters)
        sort = values.pop("sort", self.default_sort)
        return Asked(
            page=values.pop("page", 1),
            per_page=values.pop("per_page", DEFAULT_PER_PAGE),
            sort=sort.removeprefix("-"),
            is_descending=sort.startswith("-"),
            # An empty text asks for nothing.
            filters={name: value for name, value in values.items() if value != ""},
        )

    def openapi(self) -> list[dict[str, Any]]:
        """The parameters as OpenAPI."""
        return [parameter.openapi(name) for name, parameter in self.parameters.items()]

    def _sort(self) -> Parameter:
        values = [sign + name for name in self.sorts for sign in ("", "-")]
        return parameters.choice(
            *values, default=self.default_sort, description="The field to sort by, with `-` for descending."
        )


def listed(row: Mapping[str, Any], description: str) -> dict[str, Any]:
    """The OpenAPI schema of a list's answer; `row` is the schema of one of its rows."""
    return {
        "type": "object",
        "description": description,
        "required": ["data", "meta"],
        "properties": {
            "data": {"type": "array", "items": row, "description": "The rows of this page, in the order asked for."},
            "meta": {"$ref": "#/components/schemas/ListMeta"},
        },
    }


def _count(description: str, least: int = 0) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "description": description}


LIST_META = {
    "type": "object",
    "description": "Where this page stands in the whole list.",
    "required": ["total", "page", "per_page", "total_pages"],
    "properties": {
        "total": _count("How many rows there are on all pages."),
        "page": _count("The page asked for.", 1),
        "per_page": _count("How many rows a page has.", 1),
        "total_pages": _count("How many pages there are; 0 for an empty list."),
    },
}
