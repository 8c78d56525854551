"""Rotations of the wrapping key, and what is left of the old one."""

from web_admin.compound.models import Gate
from web_admin.custody.key_rotation import (
    reseal_shares,
)
from web_admin.custody.leases import leases_for


def shares(database, sealer, now):
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        return {lease.person_id: lease.share for lease in leases_for(session, sealer, gate)}


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "face.lock")


def stop_after(step, database, sealer, now):
    """Do the first steps of a rotation and stop, as a power cut would."""
    keys = sealer.wrap_keys
    steps = [
        keys.make_next,
        lambda: reseal_shares(database, sealer, str(keys.next_id), now),
        keys.promote_next,
        keys.destroy_old,
    ]
    for one in steps[:step]:
        one()
