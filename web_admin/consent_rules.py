"""What a site asks for before face beyond the law's least: a signature, and both guardians of a minor.

Both ask more of a yes, never of a no or a withdrawal, and nothing of the other ways in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.forgetting_certificate import SitePart, root_key_id
from gate_controller.written_release import FORMAT, NoticePart, Release, sign_release
from web_admin.acts import Act, ActRefused, begin, checked_text, finish
from web_admin.age_bands import MINOR
from web_admin.asked_again import RULES_CHANGED, pause_and_ask, people_with_consent
from web_admin.consent_models import (
    Consent,
    GuardianConsent,
    Notice,
    WrittenRelease,
)
from web_admin.face_facts import guardians_needed, rules_of
from web_admin.models import Person, Site
from web_admin.site_keys import certificate, private_key
from web_admin.ways_in import live_face_consent

MAX_SIGNATURE_CHARS = 80
SENTENCES: Mapping[str, Mapping[str, str]] = {
    "self": {
        "en": "I have read this notice and agree in writing that my face is used as it says, until I take "
              "this back. My name, typed here, is my signature.",
        "zh": "我已阅读本告知书，书面同意按其内容使用我的人脸，直到我撤回为止。在此键入的姓名即为我的签名。",
    },
    "ward": {
        "en": "I have read this notice and agree in writing, as a guardian, that this minor's face is used "
              "as it says, until one of us takes this back. My name, typed here, is my signature.",
        "zh": "我已阅读本告知书，作为监护人书面同意按其内容使用该未成年人的人脸，"
              "直到我们当中任何一人撤回为止。在此键入的姓名即为我的签名。",
    },
}
"""What a signature stands under, by who signs and in which language; part of what is kept."""


def set_consent_rules(act: Act, *, written_release: bool, both_guardians: bool) -> int:
    """Set what is asked for, and ask again whose consent has less; return how many those are."""
    begin(act)
    if act.channel not in ("manager", "system"):
        raise ActRefused(None, _("Settings are changed by the property manager only."))
    rules = rules_of(act.session, act.site_id)
    rules.written_release, rules.both_guardians = written_release, both_guardians
    act.session.add(rules)
    asked = [person for person in people_with_consent(act) if has_less(act.session, person)]
    for person in asked:
        pause_and_ask(act, person, RULES_CHANGED)
    finish(
        act, "consent_rules_changed",
        {"written_release": written_release, "both_guardians": both_guardians, "asked_again": len(asked)},
    )
    return len(asked)


def has_less(session: Session, person: Person) -> bool:
    """Tell whether somebody's consent has less than the site asks for now."""
    rules, consent = rules_of(session, person.site_id), live_face_consent(session, person)
    if consent is None:
        return False
    signed = select(func.count()).where(WrittenRelease.consent_id == consent.consent_id)
    if rules.written_release and not session.scalar(signed):
        return True
    agreed = select(func.count()).where(GuardianConsent.consent_id == consent.consent_id)
    return person.age_band == MINOR and (session.scalar(agreed) or 0) < guardians_needed(session, person)


# -- signatures ------------------------------------------------------------------------------------


def checked_signature(act: Act, signed_name: str) -> str | None:
    """Return the name as it was signed, None where nobody has to sign; raise ActRefused without one."""
    if not rules_of(act.session, act.site_id).written_release:
        return None
    if not signed_name.strip():
        raise ActRefused("signed_name", _("This compound asks for a yes in writing. Type your name to sign."))
    return checked_text("signed_name", signed_name, max_chars=MAX_SIGNATURE_CHARS)


def keep_release(
    act: Act, consent: Consent, notice: Notice, signer_id: str, signed_name: str, signed_at: datetime
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
            consent_id=consent.consent_id, signer_id=signer_id, release=msgspec.json.encode(signed),
            signed_at=signed_at,
        )
    )
