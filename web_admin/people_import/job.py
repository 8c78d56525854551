"""Background job that imports a large sheet: checked once more, then applied, in one transaction."""

from collections.abc import Mapping
from dataclasses import asdict

import msgspec
from flask_babel import lazy_gettext as _

from web_admin.action.base import Action
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import SheetOptions, check_people


class SheetToRead(msgspec.Struct, frozen=True):
    text: str
    options: SheetOptions


def sealed_form(sheet: SheetToRead) -> bytes:
    return msgspec.json.encode(sheet)


def import_people(act: Action, payload: bytes) -> Mapping[str, Fact]:
    """Apply a sheet; raise ActionRefused when the compound has changed so that it does not fit any more."""
    sheet = msgspec.json.decode(payload, type=SheetToRead)
    plan = check_people(act, sheet.text.encode(), sheet.options)
    if plan.problems:
        raise ActionRefused("file", _("People or cards were changed meanwhile. Read the file again."))
    return asdict(apply_people(act, plan))
