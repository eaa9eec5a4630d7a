"""Which column of a file holds what of a lead: guessed from its header, chosen by a user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from leads.fields import LONGEST_FIELD_NAME
from salesos.columns import guessed
from salesos.errors import Refused

FIELDS: dict[str, StrPromise] = {
    "email": _("E-mail"),
    "name": _("Name"),
    "phone": _("Phone"),
    "company": _("Company"),
    "position": _("Position"),
    "source": _("Source"),
    "status": _("Status"),
    "owner": _("Owner (e-mail)"),
    "tags": _("Tags"),
}

# As people write them in English, Portuguese and Spanish, as `salesos.columns` folds them; the first that fits counts.
HEADERS: Mapping[str, str] = {
    "email": "email emailaddress mail correo correoelectronico correoe enderecodeemail leademail contactemail",
    "name": "name fullname leadname contactname nome nomecompleto nomedolead nomedocontato nombre nombrecompleto lead "
    "contact contato contacto",
    "phone": "phone phonenumber telephone mobile mobilephone cellphone telefone celular telefono movil whatsapp fone",
    "company": "company companyname organization organisation account business empresa nomedaempresa organizacao "
    "razaosocial negocio organizacion compania",
    "position": "position jobtitle title role job cargo funcao posicao puesto funcion",
    "source": "source leadsource origin origem fonte origemdolead canal fuente origen channel",
    "status": "status leadstatus stage situacao estado etapa estatus situacion",
    "owner": "owneremail owner salesperson responsible assignee assignedto leadowner emaildoresponsavel responsavel "
    "vendedor dono proprietario consultor responsable propietario emaildelresponsable correodelresponsable",
    "tags": "tags tag labels label etiquetas etiqueta marcadores rotulos",
}

TOLD = ("id", "owner_name", "team", "created_at", "updated_at")
OTHER_FIELDS = "custom_fields"
"""Columns of an export that no import takes back, nor as custom fields of these names."""

CUSTOM = "custom"
"""What is chosen for a column that becomes a custom field of its header's name."""


@dataclass(frozen=True, slots=True)
class Columns:
    """`fields`: of `FIELDS` → column number; `custom`: name of a custom field → column number."""

    fields: Mapping[str, int]
    custom: Mapping[str, int]


def guess(header: Sequence[str], *, with_custom: bool = False) -> list[str]:
    """For each column the one of `FIELDS` that it seems to hold; else "", or `with_custom` `CUSTOM` where it can be."""
    found = {number: name for name, number in guessed(header, HEADERS).items()}
    return [
        found.get(number, CUSTOM if with_custom and _may_be_custom(title) else "")
        for number, title in enumerate(header)
    ]


def _may_be_custom(title: str) -> bool:
    return 0 < len(title) <= LONGEST_FIELD_NAME and title not in (*TOLD, OTHER_FIELDS)


def chosen(header: Sequence[str], choices: Sequence[str], *, updates: bool) -> Columns:
    """The columns as chosen, one of `FIELDS`, `CUSTOM` or "" (left out) for each. Raises `Refused`."""
    fields: dict[str, int] = {}
    custom: dict[str, int] = {}
    for number, (title, choice) in enumerate(zip(header, choices, strict=False)):
        if choice in fields:
            message = _("Two columns are chosen for “%(field)s”: “%(first)s” and “%(second)s”.")
            names = {"field": FIELDS[choice], "first": header[fields[choice]], "second": title}
            raise Refused("column_twice", message % names, field="columns")
        if choice in FIELDS:
            fields[choice] = number
        elif choice == CUSTOM:
            if not 0 < len(title) <= LONGEST_FIELD_NAME:
                message = _("A custom field needs a header of 1 to %(most)d characters: column %(number)d has none.")
                names = {"most": LONGEST_FIELD_NAME, "number": number + 1}
                raise Refused("bad_custom_field", message % names, field="columns")
            custom[title] = number
    if "email" not in fields:
        raise Refused("no_email_column", _("Say which column holds the e-mail addresses."), field="columns")
    if "name" not in fields and not updates:
        raise Refused("no_name_column", _("Say which column holds the names."), field="columns")
    return Columns(fields, custom)
