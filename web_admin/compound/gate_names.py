"""Say what a gate and a lane are called: the one place that pages, lists, messages and files ask.

Both have a *name* for people, which can change at any time, and a *short name* (their id) for cables,
settings files and other systems, which stays. What is stored for good, as journals and passes, has ids; names
are read when something is shown, so they are those of today.
"""

from collections.abc import Iterable

from web_admin.compound.models import Gate, Lane

BETWEEN = " · "
JOINTS = " ·・,，、:：;；-–—/|"
"""Signs between the name of a gate and the rest of a lane's name."""
FIRST_BEYOND_LATIN = 0x250


def gate_and_lane(gate_name: str, lane_name: str) -> str:
    """Return *gate · lane*; of a lane's name that begins with its gate's, the rest is the lane.

    Without a lane, or of one that is called as its gate, it is the gate alone.
    """
    rest = own_part(gate_name, lane_name)
    return f"{gate_name}{BETWEEN}{rest}" if rest else gate_name


def full_name(lane: Lane) -> str:
    return gate_and_lane(lane.gate.name, lane.name)


def names_of_lanes(gates: Iterable[Gate]) -> dict[str, str]:
    """Return *gate · lane* of all lanes of these gates, by id."""
    return {lane.lane_id: gate_and_lane(gate.name, lane.name) for gate in gates for lane in gate.lanes}


def own_part(gate_name: str, lane_name: str) -> str:
    """Return a lane's name without its gate's in front."""
    if not _begins_with(lane_name, gate_name):
        return lane_name
    return lane_name[len(gate_name) :].lstrip(JOINTS)


def name_at(lane_name: str, like: str, gate_name: str) -> str:
    """Return the name of a lane at a gate of another name: that in place of the one it begins with."""
    if not _begins_with(lane_name, like):
        return lane_name
    return f"{gate_name}{lane_name[len(like) :]}"


def _begins_with(lane_name: str, gate_name: str) -> bool:
    """Return whether a lane's name begins with its gate's as a whole word: Gate 10 is no Gate 1."""
    here, following = lane_name[: len(gate_name)], lane_name[len(gate_name) :][:1]
    if not gate_name or here.casefold() != gate_name.casefold():
        return False
    last = gate_name[-1]
    return not (last.isdecimal() and following.isdecimal()) and not (_is_latin(last) and _is_latin(following))


def _is_latin(char: str) -> bool:
    return char.isalpha() and ord(char) < FIRST_BEYOND_LATIN
