"""Template filters of the pages: {% load lading %}."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.safestring import mark_safe

from jobs.pages import words

register = template.Library()

SECTIONS = {
    "job_list": ("job",),
    "job_new": ("job_new",),
    "manifest_check": ("manifest",),
    "role_list": ("role", "function"),
    "workers": ("workers",),
    "key_list": ("key",),
    "member_list": ("member",),
    "settings": ("settings",),
}
"""The entries of the menu: how the names of the pages begin that stand under each."""

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
NO_ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))


@register.simple_tag(takes_context=True)
def current(context: template.Context, entry: str) -> str:
    """Marks the menu's entry of the page that is shown, and of the section that it is in."""
    match = context["request"].resolver_match
    here = match.url_name if match else ""
    if here == entry:
        return mark_safe(' aria-current="page"')
    return mark_safe(' aria-current="true"') if section_of(here) == entry else ""


def section_of(page: str) -> str:
    """The entry of the menu under which a page stands; empty for one under none."""
    fitting = [
        (len(beginning), entry)
        for entry, beginnings in SECTIONS.items()
        for beginning in beginnings
        if page == beginning or page.startswith(f"{beginning}_")
    ]
    return max(fitting)[1] if fitting else ""


@register.filter
def age(at: datetime) -> str:
    """5 min"""
    return words.age(at)


@register.filter
def middle(text: object, most: int) -> str:
    """A long text, cut in the middle."""
    return words.middle(str(text), most)


@register.filter
def isolate(text: object) -> str:
    """What people wrote, for a title, where nothing but characters keeps it from turning round what
    stands beside it. Characters in it that do the same are left out: they could end it early.
    """
    return f"{FIRST_STRONG_ISOLATE}{str(text).translate(NO_ISOLATES)}{POP_ISOLATE}"


@register.filter
def grouped(number: int) -> str:
    """12,345"""
    return f"{number:,}"
