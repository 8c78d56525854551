"""Only what is on a short list is stored about a person, for its one purpose, without trackers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, gate_view, household, manager, offer_face
from web_admin.accounts import models as accounts_models
from web_admin.core.config import whole_numbers
from web_admin.core.database import Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent
from web_admin.custody.shares import live_face_consents
from web_admin.face.actions import face_state, give_face_consent
from web_admin.face.models import AssessmentRow
from web_admin.journal.models import AuditEntry
from web_admin.people_import.sheet import read_sheet
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy import retention
from web_admin.tables import METADATA

ROOT = Path(__file__).parents[3]

ABOUT_PEOPLE = {
    "home": "home_id site_id number sort_key building pin_salt place_id",
    "person": "person_id site_id home_id display_name kind age_band age_band_until language methods "
    "face_paused_reason phone_unproven suspended suspended_by slow_pass may_override created_at "
    "ended_at",
    "grant_row": "grant_id person_id lanes hours_id valid_from valid_until",
    "credential": "credential_id person_id kind state label lookup secret_sealed public_key duress lanes "
    "valid_from valid_until created_at ended_at ended_reason printed known_to_home seen_by "
    "suspended_by in_hand",
    "consent": "consent_id person_id purpose notice_version notice_sha256 language channel given_at "
    "withdrawn_at withdrawn_channel withdrawn_why",
    "child_agreement": "child_id guardian_id given_at channel language withdrawn_at text",
    "guardian": "minor_id guardian_id checked_by checked_at is_only ended_at",
    "face_share": "person_id gate_id consent_id share_sealed created_at",
    "invitation": "invitation_id person_id code_digest created_at expires_at used_at proof_asked_at "
    "proofs_asked proved_at made_by_home",
    "suspension": "suspension_id site_id person_id credential_id reason reference party given_by given_at "
    "until confirmed_by began_at ended_at",
    "access_review_row": "row_id round_id place kind subject_id person_id home_id risk why unused_since "
    "carried asked_whom asked_at asked_by answer_by reminded_at answer answered_at answered_by decision "
    "reason decided_at decided_by",
    "card_month": "credential_id month",
    "lock_out": "lock_out_id site_id person_id act reason party given_by at",
    "rights_request": "request_id site_id person_id kind subject text wanted channel filed_at acknowledge_by "
    "answer_by acknowledged_at acknowledged_by closed_at closed_by outcome answer further "
    "value_before value_after late",
}
"""Every column about a person. Another one needs a reason, a line in the register and a term."""

assert accounts_models.User.__table__ is not None  # its tables are among them

NOT_OURS = (
    "id_card",
    "identity_card",
    "passport",
    "employer",
    "birth",
    "salary",
    "ethnic",
    "religion",
    "gender",
    "photo",
    "portrait",
    "contacts",
    "plate",
)
TRACKERS = (
    "google-analytics",
    "googletagmanager",
    "gtag",
    "hm.baidu",
    "umeng",
    "sentry",
    "segment",
    "mixpanel",
    "matomo",
    "amplitude",
    "growingio",
    "sensorsdata",
    "posthog",
    "facebook",
    "appsflyer",
)


@pytest.mark.parametrize("table", ABOUT_PEOPLE)
def test_a_table_about_people_has_the_columns_of_the_list_and_no_other(table):
    assert {column.name for column in METADATA.tables[table].columns} == set(ABOUT_PEOPLE[table].split())


def test_no_table_asks_for_an_identity_card_an_employer_a_birthday_or_a_photo():
    columns = [f"{t.name}.{c.name}" for t in METADATA.tables.values() for c in t.columns]
    assert [name for name in columns for word in NOT_OURS if word in name] == []


@pytest.mark.parametrize("column", ["id card", "身份证号", "employer", "birthday", "phone"])
def test_a_sheet_with_another_column_is_refused(column):
    with pytest.raises(ActionRefused, match="The first row names the columns"):
        read_sheet(f"home,name,{column}\n3-1203,Lin,x\n".encode())


@pytest.mark.parametrize("column", ["欠费", "物业费", "arrears", "Balance", "overdue", "paid"])
def test_a_sheet_with_a_column_that_speaks_of_debt_is_refused_with_the_rule(column):
    with pytest.raises(ActionRefused, match="Civil Code 944"):
        read_sheet(f"home,name,{column}\n3-1203,Lin,x\n".encode())


OTHER_PURPOSES = ("attendance", "fee_collection", "block_list", "analytics", "training")


def other_consent(act, person, purpose):
    act.session.add(
        Consent(
            consent_id=f"to {purpose}",
            person_id=person.person_id,
            purpose=purpose,
            notice_version=1,
            notice_sha256=bytes(32),
            language="en",
            channel="phone",
            given_at=act.now,
        )
    )
    act.session.flush()


@pytest.mark.wide
@pytest.mark.publishing
def test_a_yes_to_another_purpose_lets_no_gate_keep_or_look_at_a_face(act):
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    assert len(live_face_consents(act.session, act.site_id)) == 1
    others = []
    for number, purpose in enumerate(OTHER_PURPOSES):
        _, other = household(act, f"5-010{number}", "Zhao")
        issue_card(act, other.person_id, 78 + number)
        other_consent(act, other, purpose)
        others.append(other.person_id)
    assert list(live_face_consents(act.session, act.site_id)) == [person.person_id]
    assert {face_state(act.session, person_id).state for person_id in others} == {"off"}
    assert list(gate_view(act).face_roster) == [person.person_id]


def test_assessments_outlive_every_purge_and_evidence_three_years(act, web_config, database):
    offer = manager(act.session, act.sealer, act.site_id, act.now)
    add_lane(offer)
    offer_face(offer)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    consent = give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    consent_id, person_id = consent.consent_id, person.person_id
    act.session.commit()
    menjin = Menjin(web_config, database, act.sealer, lambda: act.now, PolicyEffects(act.sealer))

    def purge(days):
        for step in retention.STEPS.values():
            step(menjin, act.now + timedelta(days=days))
        with database.session() as session:
            assessments = session.scalars(select(AssessmentRow.assessment_id)).all()
            known = session.scalars(select(AuditEntry.seq).where(AuditEntry.person_id == person_id)).all()
            return len(assessments), bool(known), session.get(Consent, consent_id) is not None

    assert purge(3 * 365) == (1, True, True)
    assert purge(10 * 365) == (1, False, True)


def test_no_setting_keeps_evidence_for_less_than_three_years():
    (least,) = (one.least for one in whole_numbers() if one.name == "evidence_days")
    assert least >= 3 * 365 + 1


@pytest.mark.wide
def test_no_tracker_is_installed_or_named_in_a_page():
    files = [ROOT / "requirements.lock", ROOT / "package.json", ROOT / "pyproject.toml"]
    for folder in ("templates", "static"):
        found = (ROOT / "web_admin" / folder).rglob("*")
        files += [path for path in found if path.suffix in (".html", ".js")]
    found = [
        (path.name, word)
        for path in files
        for word in TRACKERS
        if re.search(rf"\b{re.escape(word)}\b", path.read_text(encoding="utf-8").lower())
    ]
    assert len(files) > 60
    assert found == []


def test_no_page_loads_anything_from_elsewhere():
    pages = (ROOT / "web_admin/templates").rglob("*.html")
    elsewhere = re.compile(r'(?:src|href|action)="(?:https?:)?//')
    assert [path.name for path in pages if elsewhere.search(path.read_text(encoding="utf-8"))] == []
