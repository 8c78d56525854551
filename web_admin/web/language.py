"""Choose the language of a request, and let templates escape texts that wait for it."""

from collections.abc import Iterator
from numbers import Number

from flask import request, session
from flask_babel import LazyString, get_locale, gettext, ngettext
from flask_login import current_user
from markupsafe import escape

from gate_controller.contract.languages import DEFAULT_LANGUAGE, LANGUAGES, READ_AS, WRITTEN_IN, Language
from web_admin.accounts.permissions import BLUEPRINTS_OF_GATES
from web_admin.accounts.staff import profile_of
from web_admin.compound.queries import person_by_id, the_site
from web_admin.core.database import current_menjin, request_session


def escape_lazy_texts() -> None:
    """Let templates escape the values in lazy texts, which Flask-Babel passes to them for HTML."""
    LazyString.__html__ = _html_of_lazy


def _html_of_lazy(lazy: LazyString) -> str:
    """Trust the sentence, which is of the catalogues; escape the values, or the whole of another text."""
    if lazy._func not in (gettext, ngettext):
        return escape(str(lazy))
    values = {
        name: value if isinstance(value, Number) else escape(value) for name, value in lazy._kwargs.items()
    }
    return str(lazy._func(*lazy._args, **values))


def choose_language() -> str:
    """Return the language of this request: chosen, the person's own, the browser's, the site's.

    A browser that lists languages and has none of ours among them belongs to a stranger, who reads English.
    Only a request that lists none at all is answered in the site's language.
    """
    if request.blueprint in BLUEPRINTS_OF_GATES:
        return _language_of_site()
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    own = _own_language()
    if own in LANGUAGES:
        return own
    if request.accept_languages:
        return next(_listed_languages(), WRITTEN_IN)
    site = the_site(request_session())
    return site.language if site is not None and site.language in LANGUAGES else DEFAULT_LANGUAGE


def _listed_languages() -> Iterator[str]:
    """Yield those of our languages that the browser lists, the first choice first."""
    for tag, quality in request.accept_languages:
        code = tag.lower().partition("-")[0]
        code = READ_AS.get(code, code)
        if quality > 0 and code in LANGUAGES:
            yield code


def _language_of_site() -> str:
    """Return the site's language, read beside a transaction that a gate's request may hold."""
    with current_menjin().database.snapshot() as reading:
        site = the_site(reading)
        return site.language if site is not None and site.language in LANGUAGES else DEFAULT_LANGUAGE


def _own_language() -> str:
    """Return the language that the signed-in person has chosen; "" for none."""
    if not current_user.is_authenticated:
        return ""
    if current_user.person_id is None:
        profile = profile_of(request_session(), current_user.id)
        return (profile.language if profile is not None else None) or ""
    person = person_by_id(request_session(), current_user.person_id)
    return person.language if person is not None else ""


def page_language() -> Language:
    """Return the language of the page, which is that of its notices and agreements."""
    code = str(get_locale() or DEFAULT_LANGUAGE).partition("_")[0]
    return Language(code) if code in LANGUAGES else DEFAULT_LANGUAGE
