"""Password policy: long, not among the guessable ones, never cut or changed.

No rule on kinds of characters and no expiry (NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 V6.2).
zxcvbn estimates how many guesses a password needs: a word of its lists of passwords from breaches, a
name, a keyboard row, a date or a repetition needs few. See decision 39.
"""

from collections.abc import Iterable

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused

SHORTEST_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
LEAST_GUESSES = 10**9
"""Ten times what zxcvbn calls safely unguessable against a throttled sign-in."""
WORDS_OF_THE_PLACE = (
    "menjin",
    "门禁",
    "gate",
    "gates",
    "compound",
    "resident",
    "manager",
    "guard",
    "installer",
    "office",
    "property",
    "xiaoqu",
    "wuye",
    "menwei",
    "welcome",
    "mima",
    "wodemima",
    "woaini",
    "woaiwojia",
    "zhongguo",
    "1314",
    "520",
    "5201314",
    "1314520",
    "888888",
    "666666",
)
"""Words that an attacker of this system tries first, with Chinese favourites that zxcvbn does not know."""
_ESTIMATED_CHARS = 72
"""zxcvbn reads no more than this; a longer password is judged by its beginning."""

TOO_SHORT: LazyString = _l("Use at least 10 characters.")
TOO_LONG: LazyString = _l("Use at most 200 characters.")
TOO_EASY: LazyString = _l("That is too easy to guess. Three unrelated words are good.")


def check_password(password: str, known_words: Iterable[str], *, field: str = "password") -> None:
    """Raise ActionRefused, naming the field, unless a person may choose this password.

    `known_words` are what an attacker knows of the person and the place: names, addresses.
    """
    if len(password) < SHORTEST_PASSWORD_CHARS:
        raise ActionRefused(field, TOO_SHORT)
    if len(password) > MAX_PASSWORD_CHARS:
        raise ActionRefused(field, TOO_LONG)
    known = [*WORDS_OF_THE_PLACE, *(part for word in known_words for part in _parts(word))]
    if zxcvbn(password[:_ESTIMATED_CHARS], user_inputs=known)["guesses"] < LEAST_GUESSES:
        raise ActionRefused(field, TOO_EASY)


def _parts(word: str) -> list[str]:
    """Return a word and what it is made of: lin.wei@example.org is also lin.wei, lin, wei and example."""
    split = "".join(char if char.isalnum() else " " for char in word).split()
    return [part for part in (word.strip(), *word.split("@"), *split) if part]


def names_of_the_place(session: Session) -> list[str]:
    """Return the compound's name: an attacker tries it first in a password."""
    return list(session.scalars(select(Site.name)))
