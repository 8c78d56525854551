"""Name rights requests, their subjects and outcomes for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

REQUESTS: Mapping[str, LazyString] = {
    "access": _l("See what is held"),
    "correction": _l("Correct something"),
    "deletion": _l("Delete something"),
    "restriction": _l("Stop using something"),
    "complaint": _l("Complaint"),
    "objection": _l("Objection to a suspension"),
}
SUBJECTS: Mapping[str, LazyString] = {
    "name": _l("The name"),
    "home": _l("The home"),
    "gates": _l("The gates and hours"),
    "other": _l("Something else"),
}
OUTCOMES: Mapping[str, LazyString] = {
    "answered": _l("Answered"),
    "refused": _l("Refused"),
    "withdrawn": _l("Withdrawn"),
}


REPORT_TERMS = {
    "passages_with_names": _l("Names in passages"),
    "log": _l("Personal parts of the ledger"),
    "evidence": _l("Evidence of consents and requests"),
    "moved_out": _l("Names after moving out"),
    "unused_face": _l("An unused face"),
    "backups": _l("Backups"),
}
"""The terms of the report to the public."""


ASKING = {
    "access": _l("Tell me what you hold about me"),
    "correction": _l("Something is wrong"),
    "deletion": _l("Delete something"),
    "restriction": _l("Stop using something for now"),
    "complaint": _l("I want to complain"),
    "objection": _l("I object to a suspension"),
}


MINORS_FIGURES: Mapping[str, LazyString] = {
    "under_14": _l("Children under 14"),
    "from_14_to_17": _l("From 14 to 17"),
    "face_consents_given": _l("Consents to face given in the period"),
    "face_consents_withdrawn": _l("Consents to face withdrawn in the period"),
    "face_consents_live": _l("Consents to face in force"),
    "guardians_who_agreed": _l("Guardians who agreed to one in force"),
}
"""Of an audit, in the order shown."""

AUDIT_HEADS: tuple[LazyString, ...] = (
    _l("Is there a legal ground for each purpose, and is only what it needs collected?"),
    _l("Are rules and notices public, whole and in force?"),
    _l("Is consent asked apart for faces, and is it as easy to take back as to give?"),
    _l("Does everyone have another way in than their face, no slower and at no cost?"),
    _l("Is data of people under 18 handled with their guardians' consent, under 14 by rules of their own?"),
    _l("Who else gets data: processors, police and courts, other systems? With which contract or record?"),
    _l("Does anything leave the country?"),
    _l("Cameras: are there signs, and is nothing filmed that does not have to be?"),
    _l("Are requests of people answered in time, and refusals explained?"),
    _l("Is what has ended deleted, at gates and in backups too?"),
    _l("Who has which rights here? Were they reviewed, were people trained?"),
    _l("Encryption, keys, logs, updates, backups: are they as the documentation says?"),
    _l("Are impact assessments approved and up to date?"),
    _l("Were incidents reported in time, and was the emergency drilled?"),
)
"""Subjects that the guideline to the audit measures of 2025 has compounds look at, in our own words."""
