"""Judge whether the homes that take calls are reached."""

from flask_babel import lazy_gettext as _
from flask_babel import lazy_ngettext as ngettext

from web_admin.calls.monthly_tests import HomesReached
from web_admin.operations.health import Finding


def call_findings(homes: HomesReached) -> list[Finding]:
    """Return how the monthly test calls went; nothing where no home takes calls."""
    name = _("Calls to homes")
    if not homes.taking:
        return []
    if homes.unreached:
        says = ngettext(
            "%(num)d home was not reached by its last test call.",
            "%(num)d homes were not reached by their last test calls.",
            homes.unreached,
        )
        return [Finding(name, "look", says, _("Each home's page says so. Ask who lives there."))]
    return [
        Finding(
            name, "good", ngettext("%(num)d home takes calls.", "%(num)d homes take calls.", homes.taking)
        )
    ]
