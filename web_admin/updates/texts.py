"""Name the steps of an update and the states and stages of a roll-out for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

STEPS: Mapping[str, LazyString] = {
    "": _l("Takes no updates"),
    "kept": _l("Up and running"),
    "fetching": _l("Downloading"),
    "failed": _l("Could not be fetched"),
    "fetched": _l("Ready, waits for a quiet moment"),
    "switched": _l("Starting"),
    "trial": _l("On trial"),
    "rolled_back": _l("Back on the previous version"),
}
ROLLOUT_STATES: Mapping[str, LazyString] = {
    "running": _l("Running"),
    "halted": _l("Halted"),
    "stopped": _l("Stopped"),
    "done": _l("Done"),
}
STAGES: Mapping[str, LazyString] = {
    "one": _l("One gate first"),
    "tenth": _l("A tenth of the gates"),
    "all": _l("All gates"),
}
