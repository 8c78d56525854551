"""Schemas of the overview: what a head office reads, counts and ages alone."""

from marshmallow import Schema
from marshmallow.fields import Dict, Integer, List, Nested, String

AGE = {"description": "Seconds since then; null: never, or not known."}


class GatesOut(Schema):
    """Gates that are not retired, by how they are."""

    total = Integer(required=True)
    in_contact = Integer(required=True)
    silent = Integer(required=True)
    silent_for_seconds = Integer(required=True, allow_none=True, metadata=AGE)
    not_paired = Integer(required=True)
    behind = Integer(required=True)
    not_well = Integer(required=True)


class VersionOut(Schema):
    """How many gates have a version of the program; an empty text is a gate that does not say."""

    version = String(required=True)
    gates = Integer(required=True)


class AlarmCountOut(Schema):
    """Open alarms of one kind; never a silent one."""

    kind = String(required=True)
    names = Dict(
        String(), String(), required=True, metadata={"description": "How staff call it, by language."}
    )
    count = Integer(required=True)
    oldest_seconds = Integer(required=True)


class PendingOut(Schema):
    """Forgettings that a gate has not signed for more than an hour, in tens."""

    at_least = Integer(required=True)
    at_most = Integer(required=True)
    oldest_hours = Integer(required=True, allow_none=True)


class WayOut(Schema):
    """One way in over thirty days, as in the public report: tries in tens, openings in a hundred tries."""

    method = String(required=True)
    tries = String(required=True, metadata={"example": "120+"})
    opened_percent = Integer(required=True, allow_none=True)


class CallsOut(Schema):
    """Calls to homes in the whole days before, in tens, as in the public report."""

    days = Integer(required=True)
    calls = String(required=True, metadata={"example": "120+"})
    answered = String(required=True, metadata={"description": "By the home, on a page or by telephone."})
    let_in = String(required=True, metadata={"description": "Couriers whom the home lets in unasked."})
    to_guard = String(required=True, metadata={"description": "Not answered by the home, and passed on."})
    not_answered = String(required=True)


class FacesOut(Schema):
    """People with a face at the beginning of the day, in tens, and from how many on an operator acts."""

    at_least = Integer(required=True)
    at_most = Integer(required=True)
    near = Integer(required=True)
    close = Integer(required=True)
    threshold = Integer(required=True)


class OverviewOut(Schema):
    """A compound: counts and ages."""

    format = String(required=True)
    site = String(required=True)
    program = String(required=True)
    schema = String(required=True)
    server = String(required=True, metadata={"description": "good, look (soon) or bad (now)"})
    backup_age_seconds = Integer(required=True, allow_none=True, metadata=AGE)
    backup_level = String(required=True, metadata={"description": "good, look (soon) or bad (now)"})
    gates = Nested(GatesOut, required=True)
    versions = List(Nested(VersionOut), required=True)
    alarms = List(Nested(AlarmCountOut), required=True)
    forgettings_pending = Nested(PendingOut, required=True)
    ways_in = List(Nested(WayOut), required=True)
    worse_than_face = List(
        String(),
        required=True,
        allow_none=True,
        metadata={"description": "Ways in that open clearly less often; null: the face is hardly tried."},
    )
    calls = Nested(CallsOut, required=True)
    people_with_face = Nested(FacesOut, required=True)
