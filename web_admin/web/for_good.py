"""Say what follows from an act that ends something, before it is done: for `preview.py`, which shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from flask_babel import LazyString, force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gate_controller.contract.languages import LANGUAGES
from web_admin.web.later import WORD_FIELD

END, DELETE, ASK = _l("end"), _l("delete"), _l("ask again")
"""The words that are typed under an act that touches several people and cannot be undone."""


@dataclass(frozen=True, slots=True)
class ForGood:
    """The consequences of an act: its sentences, how many people it concerns, and whether it can be undone.

    `word` is asked for where it cannot be undone and concerns more than one person.
    """

    lines: Sequence[str]
    people: int = 0
    is_undone_for_a_day: bool = False
    word: LazyString | None = None

    def sentences(self) -> tuple[str, ...]:
        """Return all that is shown, in the page's language."""
        undo = (
            _("You can undo it for a day, under “Scheduled changes and undo”.")
            if self.is_undone_for_a_day
            else _("This cannot be undone.")
        )
        return (*map(str, self.lines), _concerned(self.people), str(undo))

    def has_its_word(self) -> bool:
        """Return whether the word was typed, in whatever language, or none is asked for."""
        if self.word is None:
            return True
        known = set()
        for language in LANGUAGES:
            with force_locale(language):
                known.add(str(self.word))
        return request.form.get(WORD_FIELD, "").strip().casefold() in known


def _concerned(people: int) -> str:
    if not people:
        return str(_("No resident loses a way in by it."))
    return str(ngettext("It concerns %(num)d person.", "It concerns %(num)d people.", people))
