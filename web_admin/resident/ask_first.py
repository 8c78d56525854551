"""Ask residents once before an act ends something for good; no routes."""

from flask import render_template, request
from flask_babel import gettext

from web_admin.resident.blueprint import signed_in, site_of

SURE = "sure"
"""The field that only the page of the question sends."""
OF_EVERY_FORM = frozenset({"csrf_token", "visit", SURE})


def is_sure() -> bool:
    """Return whether what was sent comes from a page that says what follows."""
    return bool(request.form.get(SURE))


def asks_first(question: str, follows: str, button: str, back: str) -> str | None:
    """Return the page that says what follows and asks; None once its button was pressed.

    What the form had sent is sent again with it. `back` is the address for who leaves all as it is.
    """
    if is_sure():
        return None
    person, _act = signed_in()
    return render_template(
        "resident/ask_first.html",
        person=person,
        site=site_of(person),
        question=question,
        lines=(follows, gettext("This cannot be undone.")),
        button=button,
        back=back,
        action=request.path,
        fields=[one for one in request.form.items(multi=True) if one[0] not in OF_EVERY_FORM],
        sure=SURE,
        tab="ways_in",
    )
