"""A site's rules of consent beyond the law: a signature, and both guardians of a minor.

Both ask more of a yes, never of a no or a withdrawal, and do not touch the other methods.
"""

from collections import Counter
from datetime import datetime
from typing import Literal

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.forgetting_certificate import SitePart, root_key_id
from gate_controller.contract.written_release import FORMAT, SENTENCES, NoticePart, Release, sign_release
from web_admin.action.base import Action, begin, finish, office_only
from web_admin.compound.age_bands import MINOR
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Person, Site
from web_admin.custody.models import Consent, Notice
from web_admin.custody.shares import live_face_consents
from web_admin.face.models import GuardianConsent, WrittenRelease
from web_admin.face.queries import BOTH_GUARDIANS, guardian_ids_of, guardians_needed, rules_of
from web_admin.face.renewals import RULES_CHANGED, people_with_consent, request_renewal
from web_admin.face.ways_in import live_face_consent


def set_consent_rules(act: Action, *, written_release: bool, both_guardians: bool) -> int:
    """Set what is asked for, and request the renewal of consents with less; return how many those are."""
    begin(act)
    office_only(act, _("Settings are changed by the property manager only."))
    rules = rules_of(act.session, act.site_id)
    rules.written_release, rules.both_guardians = written_release, both_guardians
    act.session.add(rules)
    asked = [person for person in people_with_consent(act) if has_less(act.session, person)]
    for person in asked:
        request_renewal(act, person, RULES_CHANGED)
    finish(
        act,
        "consent_rules_changed",
        {"written_release": written_release, "both_guardians": both_guardians, "asked_again": len(asked)},
    )
    return len(asked)


def renewals_by_rules(session: Session, site_id: str) -> tuple[int, int]:
    """Return how many renewals a signature would cause, and how many of minors both guardians would."""
    live = live_face_consents(session, site_id)
    signed = set(session.scalars(select(WrittenRelease.consent_id)))
    parts = Counter(session.scalars(select(GuardianConsent.consent_id)))
    minors = select(Person.person_id).where(Person.site_id == site_id, Person.age_band == MINOR)
    less = [one for one in session.scalars(minors) if one in live and parts[live[one]] < BOTH_GUARDIANS]
    return len(set(live.values()) - signed), len(less)


def has_less(session: Session, person: Person) -> bool:
    """Return whether a consent has less than the site requires now."""
    rules, consent = rules_of(session, person.site_id), live_face_consent(session, person)
    if consent is None:
        return False
    signed = select(WrittenRelease.signer_id).where(WrittenRelease.consent_id == consent.consent_id)
    signers = set(session.scalars(signed))
    if person.age_band != MINOR:
        return rules.written_release and person.person_id not in signers
    parts = select(GuardianConsent.guardian_id).where(GuardianConsent.consent_id == consent.consent_id)
    may_agree = guardian_ids_of(session, person.site_id, [person.person_id]).get(person.person_id, ())
    agreed = set(session.scalars(parts)) & set(may_agree)
    if len(agreed) < guardians_needed(session, person):
        return True
    return rules.written_release and not agreed <= signers


# -- signatures ------------------------------------------------------------------------------------


def keep_release(
    act: Action, consent: Consent, notice: Notice, signer_id: str, signed_name: str, signed_at: datetime
) -> None:
    """Keep a consent in signed form: the text, the name and the moment, under the site's signature."""
    site = act.session.get_one(Site, act.site_id)
    signed_for: Literal["self", "ward"] = "self" if signer_id == consent.person_id else "ward"
    release = Release(
        format=FORMAT,
        site=SitePart(site.site_id, site.name, site.root_public_key.hex(), root_key_id(site.root_public_key)),
        consent_id=consent.consent_id,
        person_id=consent.person_id,
        signer_id=signer_id,
        signed_name=signed_name,
        signed_for=signed_for,
        sentence=SENTENCES[signed_for][notice.language],
        notice=NoticePart(
            notice.purpose, notice.version, notice.language, dict(notice.fields), notice.sha256.hex()
        ),
        channel=act.channel,
        signed_at=signed_at,
    )
    key = private_key(act.session, act.sealer, act.site_id, "anchor")
    signed = sign_release(release, key, certificate(act.session, act.site_id, "anchor"))
    act.session.add(
        WrittenRelease(
            consent_id=consent.consent_id,
            signer_id=signer_id,
            release=msgspec.json.encode(signed),
            signed_at=signed_at,
        )
    )
