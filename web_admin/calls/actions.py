"""Choose which numbers the site's gates may call."""

import re

from flask_babel import lazy_gettext as _

from web_admin.action.base import Action, begin, office_only, record
from web_admin.calls.allowed_numbers import HOST, MAX_LISTED, PREFIX
from web_admin.calls.models import CallSettings
from web_admin.core.refusal import ActionRefused


def save_call_settings(act: Action, *, prefixes: str, hosts: str) -> None:
    """Save beginnings of numbers and SIP hosts, each on a line of its own; none: no telephone is called."""
    begin(act)
    office_only(act, _("Settings are changed by the property manager only."))
    row = act.session.get(CallSettings, act.site_id)
    if row is None:
        row = CallSettings(site_id=act.site_id)
        act.session.add(row)
    row.prefixes = [_prefix(line) for line in _lines("prefixes", prefixes)]
    row.hosts = [_host(line) for line in _lines("hosts", hosts)]
    record(act, "call_settings_changed", {"prefixes": len(row.prefixes), "hosts": len(row.hosts)})


def _lines(field: str, text: str) -> list[str]:
    lines = list(dict.fromkeys(line.strip() for line in re.split(r"[\n,;]", text) if line.strip()))
    if len(lines) > MAX_LISTED:
        raise ActionRefused(field, _("At most %(count)s lines, please.", count=MAX_LISTED))
    return lines


def _prefix(line: str) -> str:
    plain = re.sub(r"[\s()./-]", "", line)
    if not PREFIX.fullmatch(plain):
        raise ActionRefused(
            "prefixes",
            _(
                "%(line)s is not how a number begins. Write digits, with or without + in front, such as +86.",
                line=line[:40],
            ),
        )
    return plain


def _host(line: str) -> str:
    plain = line.lower().removeprefix("sip:")
    if not HOST.fullmatch(plain):
        raise ActionRefused(
            "hosts",
            _("%(line)s is not the name of a SIP server, such as pbx.example.org.", line=line[:40]),
        )
    return plain
