"""Keep the last way in that needs no face from being taken by another system or by a list.

It asks what a person holds and knows no hours; `action/lock_outs.py` asks what gates make of it and knows no
more than they do. Both hold for the interface: of staff without a home, of a person who is suspended, and
where no lane is live, gates have no way to lose, and the last card must stay all the same.
"""

from flask_babel import lazy_gettext as _

from gate_controller.contract.credential_kinds import has_ended_by_time, is_usable, own_method
from gate_controller.contract.records import Method
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow
from web_admin.core.refusal import ActionRefused


class LastWayIn(ActionRefused):
    """A refusal to take the last way in that needs no face."""


def refuse_last_way(act: Action, credential: CredentialRow) -> None:
    """Raise LastWayIn where nothing but this credential lets its person in, face aside."""
    is_over = credential.state == "ended" or has_ended_by_time(credential, act.now)
    if own_method(credential) is not None and not is_over and not has_another_way(act, credential):
        raise LastWayIn(
            "last_way_in",
            _(
                "This is the last way in of this person that needs no face. Another system cannot take it. "
                "Give a new card first, and suspend or end this one once the new one has opened a gate; or "
                "leave it to the property office."
            ),
        )


def has_another_way(act: Action, credential: CredentialRow) -> bool:
    """Return whether the person has another way in without face that is as good as this one.

    It lasts as long, and they surely have it where they have this one: a new card may lie in a drawer yet.
    """
    return any(
        _opens(act, row) and _lasts_as_long(row, credential) and row.in_hand >= credential.in_hand
        for row in credential.person.credentials
        if row.credential_id != credential.credential_id and not row.duress
    )


def _opens(act: Action, row: CredentialRow) -> bool:
    method = own_method(row)
    return (
        method is not None
        and method is not Method.FACE
        and method in row.person.methods
        and is_usable(row, act.now)
    )


def _lasts_as_long(row: CredentialRow, other: CredentialRow) -> bool:
    return row.valid_until is None or (other.valid_until is not None and row.valid_until >= other.valid_until)
