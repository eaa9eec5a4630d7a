"""How the templates of the API reference show running text and code."""

from django import template
from django.utils.safestring import SafeString

from salesos.api.prose import code_html, inline_html

register = template.Library()


@register.filter
def inline(text: str) -> SafeString:
    return inline_html(text)


@register.filter
def highlight(text: str) -> SafeString:
    return code_html(text)
