"""Which lanes a way in waits for, and whether a second way in without a way out counts.

Both only ever refuse ways in: whoever is inside always gets out (promise 10). Refusing whoever "has
not left" is fair only where nobody can leave uncounted, so it is refused unless every way out of the
gate counts, and a way out that would stop counting is refused as long as a lane relies on it.
"""

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.records import LaneRecord
from web_admin.compound.models import Gate, Lane
from web_admin.core.refusal import ActRefused


def check_interlock(gate: Gate, lane: LaneRecord) -> None:
    """Raise ActRefused unless the lane is a way in that waits for other lanes of its own gate."""
    if not lane.interlock_with:
        return
    if lane.direction != "in":
        raise ActRefused(
            "interlock_with", _("A way out never waits for another lane. Take the ticks away here.")
        )
    if lane.lane_id in lane.interlock_with:
        raise ActRefused("interlock_with", _("A lane cannot wait for itself. Choose another one."))
    here = {other.lane_id for other in gate.lanes}
    for lane_id in lane.interlock_with:
        if lane_id not in here:
            raise ActRefused(
                "interlock_with",
                _("%(lane)s is no lane of this gate. A lane waits only for lanes of its own gate, "
                  "because each gate works alone.", lane=lane_id),
            )


def check_closed_area(session: Session, gate: Gate, saved: Lane) -> None:
    """Raise ActRefused when people may leave by another gate, which this one never hears of."""
    if saved.antipassback != "hard" or saved.area_is_closed:
        return
    elsewhere = session.scalars(
        select(Lane)
        .join(Gate)
        .where(Gate.site_id == gate.site_id, Gate.gate_id != gate.gate_id, Lane.direction == "out")
        .order_by(Lane.lane_id)
    ).first()
    if elsewhere is not None:
        raise ActRefused(
            "antipassback",
            _("Whoever leaves by %(lane)s would be refused here as still inside, for gates do not tell each "
              "other who passed. Choose “tell”, or confirm that this area is left through this gate alone.",
              lane=elsewhere.name),
        )


def check_antipassback(gate: Gate, saved: Lane) -> None:
    """Raise ActRefused when, with the lane as saved, a lane refuses people whom no way out counts."""
    if saved.direction == "out" and saved.antipassback == "hard":
        raise ActRefused(
            "antipassback", _("A way out refuses nobody: choose “off” or “tell” for it.")
        )
    ways_out = [lane for lane in gate.lanes if lane.direction == "out"]
    uncounted = next((lane for lane in ways_out if lane.antipassback == "off"), None)
    relying = [lane for lane in gate.lanes if lane.antipassback == "hard"]
    if not relying or (ways_out and uncounted is None):
        return
    if saved in relying:
        raise ActRefused(
            "antipassback",
            _("This refuses whoever has not left, so every way out must count people, and %(lane)s does "
              "not. Switch it on there first, or choose “tell”.", lane=uncounted.name)
            if uncounted is not None
            else _("This refuses whoever has not left, but this gate has no way out that counts people. "
                   "Add one first, or choose “tell”."),
        )
    raise ActRefused(
        "antipassback" if saved.direction == "out" else "direction",
        _("%(lane)s refuses whoever has not left, so every way out of this gate must count people. "
          "Choose “tell” for %(lane)s first.", lane=relying[0].name),
    )
