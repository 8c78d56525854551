"""Texts of the permission table, grouped as on the page of roles."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

ROLE_SENTENCES: Mapping[str, LazyString] = {
    "manager": _l("Runs the compound: may do everything that staff may do."),
    "guard": _l("Watches the gates day and night: opens, locks down, helps, and sees no passages by name."),
    "installer": _l("Sets gates up and mends them: sees devices and no people."),
    "privacy_officer": _l(
        "Watches over what is kept about people: rules, assessments, look-ups; opens nothing."
    ),
}

ACTION_WORDS: Mapping[LazyString, Mapping[str, LazyString]] = {
    _l("At the gates"): {
        "see_now": _l("See lanes, doors and alarms, without names"),
        "acknowledge_alarm": _l("Acknowledge alarms with a note"),
        "open_once": _l("Open a lane once from here, with a reason"),
        "set_posture": _l("Lock down, hold open or close a lane until a time, with a reason"),
        "see_gates": _l("See gates, lanes, hours and lane sheets"),
        "edit_gates": _l("Set up gates, lanes, hours and holidays"),
        "pair_gates": _l("Pair a controller with a gate"),
        "update_gates": _l("Update the gates' program"),
        "clear_tampering": _l("Clear a tamper alarm after looking at the gate"),
        "manage_emergency_codes": _l("Make codes for ambulance and fire brigade"),
    },
    _l("People and cards"): {
        "see_people": _l("See who lives where"),
        "edit_people": _l("Move people in and out, change names, homes and hours"),
        "issue_credentials": _l("Give cards, PINs and invitations"),
        "suspend_credentials": _l("Suspend a lost card"),
        "suspend_people": _l("Suspend a whole person"),
        "confirm_suspension": _l("Confirm that a whole person is suspended"),
        "see_card_holder": _l("Find whose card a found card is"),
        "give_override": _l("Let a person's card open in lockdown"),
        "see_visitors": _l("See visitor passes"),
        "issue_passes": _l("Make visitor passes"),
        "serve_at_desk": _l("Help residents at the desk, when they show card or PIN"),
    },
    _l("What was recorded"): {
        "see_events": _l("See events without names"),
        "explain_refusals": _l("See why a person was refused"),
        "see_named_passages": _l("See one person's passages, for a reason which that person reads"),
    },
    _l("Privacy"): {
        "see_privacy": _l("See notices, consents in numbers and assessments"),
        "edit_privacy": _l("Publish notices, switch face on or off"),
        "write_assessment": _l("Write an impact assessment"),
        "approve_assessment": _l("Approve an assessment that another account wrote"),
        "see_requests": _l("See what people asked for about their data, and complaints"),
        "answer_requests": _l("Answer requests and complaints in time"),
        "record_disclosures": _l("Write down what police or a court was given"),
        "handle_incidents": _l("Record incidents, and notify people and the authority"),
    },
    _l("The office"): {
        "own_account": _l("See the roles, change one's own name, language and password"),
        "see_staff": _l("See the staff accounts"),
        "manage_staff": _l("Invite staff, change roles, close accounts"),
        "see_health": _l("See whether server and gates are well"),
        "see_settings": _l("See the settings"),
        "manage_api_keys": _l("Give keys to other systems"),
        "decide_restored": _l("Decide what a restore held back"),
        "edit_settings": _l("Change name, look, mail server and webhooks"),
        "review_access": _l("Review who may do what, and what people and other systems may still use"),
    },
}


ROLES: Mapping[str, LazyString] = {
    "manager": _l("Property manager"),
    "guard": _l("Guard"),
    "installer": _l("Installer"),
    "privacy_officer": _l("Privacy officer"),
}
