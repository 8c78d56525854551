"""Name languages and weekdays, and return the word for a stored value."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.event_kinds import ALARM_PREFIX
from gate_controller.contract.languages import Language

LANGUAGES: Mapping[str, str] = {language.value: language.own_name for language in Language}
DAYS: Mapping[str, LazyString] = {
    "mon": _l("Monday"),
    "tue": _l("Tuesday"),
    "wed": _l("Wednesday"),
    "thu": _l("Thursday"),
    "fri": _l("Friday"),
    "sat": _l("Saturday"),
    "sun": _l("Sunday"),
    "holiday": _l("Public holiday"),
}


def word(table: Mapping[str, LazyString], key: str | None) -> LazyString | str:
    """Return the word for a stored value; return an unknown one of a newer gate unchanged."""
    return table.get(key or "", (key or "—").removeprefix(ALARM_PREFIX).replace("_", " "))
