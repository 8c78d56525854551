"""The public policy on faces: made from the settings in force, and honest when face is off."""

from datetime import timedelta

import pytest

from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.web_admin.manage.assessment_pages import act_on, offer, press, stranger
from web_admin.face.actions import disable_face


@pytest.mark.wide
def test_the_office_asks_for_a_signature_and_both_guardians_and_the_policy_says_so(compound):
    mother, child = compound.persons["王芳"], compound.persons["王磊"]
    manager = compound.signed_in("manager")
    desk, policy = f"/manage/people/{child}/face", "/policy/biometrics"
    until = (compound.clock() + timedelta(days=500)).date()
    press(manager, f"{desk}/age", desk, age_band="14_17", age_band_until=until.isoformat())
    assert "is_only" not in manager.get(desk).text
    assert "A yes needs a signature" not in stranger(compound).get(policy).text
    press(manager, "/manage/privacy/consent", "/manage/privacy", written_release="y", both_guardians="y")
    page = manager.get("/manage/privacy").text
    assert page.count(" checked ") + page.count(" checked>") == 2
    shown = stranger(compound).get(policy).text
    assert "A yes needs a signature" in shown and "both guardians agree as well" in shown
    press(manager, f"{desk}/guardian", desk, guardian_id=mother, is_only="y")
    assert "The only guardian" in manager.get(desk).text
    press(manager, "/manage/privacy/consent", "/manage/privacy")
    assert "A yes needs a signature" not in stranger(compound).get(policy).text


def test_the_policy_on_faces_is_made_from_the_settings_in_force(compound):
    client = stranger(compound)
    assert "At no gate at the moment" in client.get("/policy/biometrics").text
    offer(compound)
    page = client.get("/policy/biometrics").text
    assert [text for text in NOTICE_EN.values() if text.replace("'", "&#39;") not in page] == []
    for phrase in (
        "at most 72 hours",
        "180 days",
        "30 days",
        "yunet-sface-int8bq-2",
        "1 stranger in 10,000",
        "2.1 % of owners",
        "fewer than 10",
        "None so far",
    ):
        assert phrase in page
    assert [
        text
        for text in NOTICE_ZH.values()
        if text not in stranger(compound, "zh").get("/policy/biometrics").text
    ] == []
    assert "/policy/biometrics" in client.get("/privacy").text


def test_the_policy_is_honest_when_face_is_off(compound):
    act_on(compound, disable_face)
    page = stranger(compound).get("/policy/biometrics").text
    assert "This compound does not use face" in page
    assert "yunet" not in page
