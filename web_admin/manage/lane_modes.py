"""Words of the modes that staff put a lane into for a while, and for how many hours."""

from flask_babel import lazy_gettext as _l

HOLD_HOURS = {1: _l("1 hour"), 2: _l("2 hours"), 4: _l("4 hours"), 8: _l("8 hours")}
"""How long a lane may be held open for a move at once."""
MODES = (
    ("lockdown", _l("Lockdown: no one gets in")),
    ("held_open", _l("Held open: everybody passes")),
    ("disabled", _l("Out of use")),
)
"""Modes that staff may put a lane into for a while."""
