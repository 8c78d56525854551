"""Schemas of who may pass: in counts, without persons."""

from marshmallow import Schema
from marshmallow.fields import AwareDateTime, Boolean, Integer, List, Nested, Raw, String


class Spell(Schema):
    """A time: the first moment is in it, the last is not."""

    from_ = AwareDateTime(required=True, data_key="from")
    until = AwareDateTime(required=True)


COUNT = {"oneOf": [{"type": "integer", "minimum": 5}, {"type": "string", "enum": ["fewer than five"]}]}


class EntryChange(Schema):
    """When so many people could come in by some lane and no longer can, and when they newly can.

    Of fewer than five there is neither time nor place.
    """

    people = Raw(required=True, metadata=COUNT)
    lost = List(Nested(Spell), required=True)
    gained = List(Nested(Spell), required=True)


class LaneChange(EntryChange):
    """When so many people can no longer pass these lanes by any way of their own, and when they newly can."""

    lane_ids = List(String, required=True)


class WaysBesideFace(Schema):
    """The least number of ways besides face that a lane offers at once, before and after."""

    lane_id = String(required=True)
    before = Integer(required=True)
    after = Integer(required=True)


class DryRun(Schema):
    """Changes that a call would make. Nobody is named, and no way in of anyone.

    `no_way_in` could come in at some moment of this time, and could not after the call.
    """

    dry_run = Boolean(required=True)
    from_ = AwareDateTime(required=True, data_key="from")
    until = AwareDateTime(required=True)
    no_way_in = Raw(required=True, metadata=COUNT)
    entry = List(Nested(EntryChange), required=True)
    lanes = List(Nested(LaneChange), required=True)
    ways_beside_face = List(Nested(WaysBesideFace), required=True)


class SpellOfLane(Spell):
    """How many people may pass then, each by some way of their own."""

    people = Integer(required=True, metadata={"minimum": 5})


class LaneWeek(Schema):
    """The times of a lane at which five people or more may pass, for the next seven days."""

    lane_id = String(required=True)
    lane_name = String(required=True)
    gate_id = String(required=True)
    gate_name = String(required=True)
    direction = String(required=True)
    week = List(Nested(SpellOfLane), required=True)


class AccessOut(Schema):
    """Numbers of people who may pass; `without_a_way_in` can come in at no moment of these days."""

    from_ = AwareDateTime(required=True, data_key="from")
    until = AwareDateTime(required=True)
    people = Raw(required=True, metadata=COUNT)
    without_a_way_in = Raw(required=True, metadata=COUNT)
    lanes = List(Nested(LaneWeek), required=True)
