"""Texts of staff's actions for a person at the desk, in that person's words."""

from collections.abc import Mapping

from flask_babel import gettext


def action_words() -> Mapping[str, str]:
    """Return what each kind of action is called, in the page's language; others are "another change"."""
    return {
        "methods_chosen": gettext("ways in chosen"),
        "pin_issued": gettext("new PIN"),
        "credential_suspended": gettext("card or phone suspended"),
        "person_resumed": gettext("suspension of all ways in ended"),
        "credential_resumed": gettext("card or phone resumed"),
        "credential_ended": gettext("card, phone or code ended"),
        "online_code_allowed": gettext("QR code allowed"),
        "pass_issued": gettext("visitor pass made"),
        "pass_withdrawn": gettext("visitor pass withdrawn"),
        "visitor_code_issued": gettext("visitor code made"),
        "face_refused": gettext("refusal of face recorded"),
        "face_turned_off": gettext("face switched off"),
        "face_look_dropped": gettext("one face scan deleted"),
        "face_withdrawn_by_guardian": gettext("face of a minor switched off"),
        "face_guardian_refused": gettext("refusal as a guardian recorded"),
        "request_filed": gettext("request or complaint filed"),
        "own_records_deleted": gettext("own records deleted"),
        "printed_code_issued": gettext("printed code made"),
        **dict.fromkeys(
            (
                "messages_address_named",
                "messages_address_proved",
                "messages_chosen",
                "messages_stopped",
                "messages_address_taken_back",
            ),
            gettext("messages set up or stopped"),
        ),
    }


def actions_text(kinds: list[str] | tuple[str, ...]) -> str:
    """Return the actions of one visit as one line, each kind once."""
    known = action_words()
    names = dict.fromkeys(known.get(kind, gettext("another change")) for kind in kinds)
    return " · ".join(names)
