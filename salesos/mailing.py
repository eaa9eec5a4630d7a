"""E-mail to users, in their language, sent by the worker (`salesos.background`).

An answer neither waits for a mail server nor tells by its time whether an e-mail was sent. What can't be delivered is
logged, with the address and the kind, never the text: links in it are keys, for which it also lies sealed in the queue.
"""

import json
import logging
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate.contrib.django import app

from salesos.models import User
from salesos.sealing import InvalidToken, seal, unseal

logger = logging.getLogger("salesos.mailing")

PURPOSE = "salesos.mailing"


def write(kind: str, user: User, **context: Any) -> EmailMessage:
    """The e-mail from `templates/mail/<kind>.txt`: the first line is its subject, after an empty one comes its text."""
    with translation.override(language_of(user)):
        text = render_to_string(f"mail/{kind}.txt", {"user": user, **context})
    subject, _empty, body = text.strip().partition("\n\n")
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[user.email])


def send(kind: str, message: EmailMessage) -> None:
    """Have it sent once the transaction is committed, if it is. What is for nobody takes the same way to nowhere."""
    letter = {"kind": kind, "to": message.to, "subject": message.subject, "body": message.body}
    app.configure_task("send_mail").defer(sealed=seal(json.dumps(letter), purpose=PURPOSE))


def deliver(*, sealed: str) -> None:
    """What the worker does with it. What a mail server refuses is logged, and offered again (`salesos.tasks`)."""
    try:
        letter = json.loads(unseal(sealed, purpose=PURPOSE))
    except InvalidToken:
        logger.error("An e-mail was not sent: SECRET_KEY is another one than when it was written.")
        return
    try:
        EmailMessage(letter["subject"], letter["body"], to=letter["to"]).send()
    except Exception as error:
        logger.error("E-mail not sent (%s to %s): %s: %s", letter["kind"], letter["to"][0], type(error).__name__, error)
        raise


def language_of(user: User) -> str:
    """The user's choice; else that of their first tenant, as on the dashboard; else the present one."""
    if user.language:
        return user.language
    of_tenant = user.memberships.order_by("tenant__name", "pk").values_list("tenant__language", flat=True).first()
    return of_tenant or translation.get_language() or "en"
