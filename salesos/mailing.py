"""E-mail to users, in their language, sent beside the request and not in it.

An answer neither waits for a mail server nor tells by its time whether an e-mail was sent. What can't be delivered is
logged, with the address and the kind, never the text: links in it are keys.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from salesos.models import User

logger = logging.getLogger("salesos.mailing")

# One thread a process, started with the first e-mail; one that is busy with a slow server keeps only e-mails waiting.
_post_office = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def write(kind: str, user: User, **context: Any) -> EmailMessage:
    """The e-mail from `templates/mail/<kind>.txt`: the first line is its subject, after an empty one comes its text."""
    with translation.override(language_of(user)):
        text = render_to_string(f"mail/{kind}.txt", {"user": user, **context})
    subject, _empty, body = text.strip().partition("\n\n")
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[user.email])


def send(kind: str, message: EmailMessage) -> None:
    """Hand over when the transaction is committed."""
    transaction.on_commit(lambda: _post_office.submit(_deliver, kind, message))


def language_of(user: User) -> str:
    """The user's choice; else that of their first tenant, as on the dashboard; else the present one."""
    if user.language:
        return user.language
    of_tenant = user.memberships.order_by("tenant__name", "pk").values_list("tenant__language", flat=True).first()
    return of_tenant or translation.get_language() or "en"


def wait_until_sent() -> None:
    """Return when what was handed over before has been sent, or failed."""
    _post_office.submit(lambda: None).result()


def _deliver(kind: str, message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:
        # Whatever a mail server does, the next e-mail is sent.
        logger.error("E-mail not sent (%s to %s): %s: %s", kind, message.to[0], type(error).__name__, error)
