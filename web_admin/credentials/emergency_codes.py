"""Codes for ambulance and fire brigade: typed after home number 0, of no person, open in any posture.

An emergency crew has no card and must not have to know a resident. A code is made for one
service, shown once, and published to the gates of its lanes; its user has seen it, so a use asks
for a new one.
"""

import secrets
from collections.abc import Sequence

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.pins import argon2_tag, make_visitor_code
from gate_controller.contract.records import EMERGENCY_HOME_NUMBER, Method
from web_admin.action.base import Action, begin, checked_text, finish, new_id, office_only, publish, record
from web_admin.action.lookups import lane_of
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Home, Site
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import open_pin_tag, seal_pin_tag
from web_admin.credentials.models import EmergencyCode

FOR_THE_OFFICE = _("Emergency codes are made by the property manager only.")

MAX_LABEL_CHARS = 40
MAX_HOLD_MINUTES = 240
MAX_LIVE_CODES = 20


def make_emergency_code(
    act: Action, *, label: str, lanes: Sequence[str], hold_minutes: int, replaces: str | None = None
) -> str:
    """Return eight random digits for one service, to be shown once.

    They open `lanes`, once (`hold_minutes` 0) or for that long. The code `replaces`, if any, ends with
    it. Raises ActionRefused naming the field.
    """
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    text = checked_text("label", label, max_chars=MAX_LABEL_CHARS)
    lane_ids = _lanes_with_keypad(act, lanes)
    if not 0 <= hold_minutes <= MAX_HOLD_MINUTES:
        raise ActionRefused("hold_minutes", _("From 0 to 240 minutes; 0 opens once."))
    if replaces is not None:
        _end(act, _code_of(act, replaces), "replaced")
    _check_room(act, site)
    site.emergency_salt = site.emergency_salt or secrets.token_bytes(16)
    digits, tag = _fresh_code(act, site.emergency_salt)
    code = EmergencyCode(
        credential_id=new_id(),
        site_id=act.site_id,
        label=text,
        lanes=lane_ids,
        hold_minutes=hold_minutes,
        secret_sealed=seal_pin_tag(act.sealer, tag),
        created_at=act.now,
        author_id=act.actor_id,
    )
    act.session.add(code)
    finish(
        act,
        "emergency_code_made",
        {"credential_id": code.credential_id, "lanes": " ".join(lane_ids), "hold_minutes": hold_minutes},
        personal={"label": text},
        touches=(),
    )
    return digits


def end_emergency_code(act: Action, credential_id: str, reason: str = "ended") -> None:
    """End a code for good; ending it twice changes nothing."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    why = checked_text("reason", reason)
    _end(act, _code_of(act, credential_id), why)
    if act.publishes:
        publish(act, ())


def reopen_emergency_code(act: Action, credential_id: str) -> None:
    """Let a code open again that was ended by mistake; raise ActionRefused."""
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    code = _code_of(act, credential_id)
    if code.state != "ended":
        return
    _check_room(act, site)
    code.state, code.ended_at, code.ended_reason = "active", None, None
    finish(act, "emergency_code_reopened", {"credential_id": credential_id}, touches=())


def _end(act: Action, code: EmergencyCode, why: str) -> None:
    if code.state == "ended":
        return
    code.state, code.ended_at, code.ended_reason = "ended", act.now, why
    record(act, "emergency_code_ended", {"credential_id": code.credential_id}, personal={"reason": why})


def _code_of(act: Action, credential_id: str) -> EmergencyCode:
    code = act.session.get(EmergencyCode, credential_id)
    if code is None or code.site_id != act.site_id:
        raise ActionRefused("credential", _("There is no such emergency code."))
    return code


def _lanes_with_keypad(act: Action, lanes: Sequence[str]) -> list[str]:
    if not lanes:
        raise ActionRefused("lanes", _("Choose at least one lane."))
    found = [lane_of(act, lane_id) for lane_id in dict.fromkeys(lanes)]
    for lane in found:
        if Method.PIN not in lane.methods:
            raise ActionRefused("lanes", _("The lane %(lane)s has no keypad.", lane=full_name(lane)))
    return [lane.lane_id for lane in found]


def _check_room(act: Action, site: Site) -> None:
    """Raise ActionRefused where home 0 is a household's, or where there are too many codes to oversee."""
    taken = act.session.scalar(
        select(Home.number).where(
            Home.site_id == site.site_id, func.replace(Home.number, "-", "") == EMERGENCY_HOME_NUMBER
        )
    )
    if taken is not None:
        raise ActionRefused(
            None, _("A home has the number 0, after which emergency codes are typed. Give it another first.")
        )
    live = select(func.count()).where(EmergencyCode.site_id == site.site_id, EmergencyCode.state != "ended")
    if (act.session.scalar(live) or 0) >= MAX_LIVE_CODES:
        raise ActionRefused(None, _("There are twenty emergency codes. End those that are no longer needed."))


def _fresh_code(act: Action, salt: bytes) -> tuple[str, bytes]:
    """Return digits, and their tag, that no code of this site ever had: gates know ended ones, too."""
    rows = act.session.scalars(
        select(EmergencyCode.secret_sealed).where(EmergencyCode.site_id == act.site_id)
    )
    taken = {open_pin_tag(act.sealer, sealed) for sealed in rows}
    while True:
        digits = make_visitor_code()
        tag = argon2_tag(digits, salt)
        if tag not in taken:
            return digits, tag
