"""Messages that a person asked for: each for its own switch, in their language, never for duress."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gate_controller.contract.journal_chain import JournalEntry
from tests.support.compounds.resident import Compound
from tests.web_admin.messages.asked_for import everything_happens, everything_happens_to_look, mail
from tests.web_admin.resident.addresses import ADDRESS, proved, sent
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import Gate, Person
from web_admin.messages.subscriptions import TEXTS
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.uses import note_visitor_uses

__all__ = ["mail"]


def visitor_comes(compound: Compound, host_id: str) -> None:
    now = compound.clock()
    with compound.act("system") as act:
        pass_id = f"{host_id[:8]}00000001"
        act.session.add(
            VisitorPassRow(
                pass_id=pass_id,
                site_id=compound.site_id,
                issuer_person_id=host_id,
                label="plumber",
                gate_numbers=[1],
                valid_from=now,
                valid_until=now + timedelta(hours=1),
                uses=1,
                text="",
                created_at=now,
            )
        )
        act.session.flush()
        entry = JournalEntry(
            seq=int(host_id[:6], 16) + 1,
            at=now,
            kind="access",
            facts={"lane_id": "north-in", "method": "qr", "opens": True, "reason": "granted"},
            personal={"person_id": host_id, "credential_id": pass_id},
            salt=bytes(16),
            personal_digest=bytes(32),
            previous=bytes(32),
            digest=bytes(32),
        )
        note_visitor_uses(act.session, act.session.get_one(Gate, "north"), [entry], act.now)


@pytest.mark.wide
def test_nothing_is_sent_to_who_asked_for_nothing(mail: Compound, phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    everything_happens(mail)
    visitor_comes(mail, mail.person_id)
    assert sent(mail) == []


@pytest.mark.wide
def test_each_message_comes_for_its_own_switch_alone_and_never_for_duress(
    mail: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    proved(phone, mail, "looked_at")
    everything_happens(mail)
    visitor_comes(mail, mail.person_id)
    assert sent(mail) == [("mail", ADDRESS, TEXTS["looked_at"])]


@pytest.mark.wide
def test_all_switches_notify_of_card_look_up_visitor_and_sign_in_and_of_no_other_person(
    mail: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/password", seen_on="/r/password", name="linwei", password="a long enough one")
    proved(phone, mail, *TEXTS)
    everything_happens(mail)
    visitor_comes(mail, mail.person_id)
    visitor_comes(mail, mail.neighbour_id)
    elsewhere, typed = mail.app.test_client(), {"name": "linwei", "password": "a long enough one"}
    press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", **typed)
    texts = sorted(text for _channel, _target, text in sent(mail))
    # Of lost readers: `test_lost_readers.py`; of access reviews: `access_review/test_timing.py`.
    happened = [text for kind, text in TEXTS.items() if kind not in ("reader_lost", "access_review")]
    assert texts == sorted([TEXTS["card_stopped"], *happened])
    assert {target for _channel, target, _text in sent(mail)} == {ADDRESS}
    assert not re.search("plumber|Lin Wei|3-1203|North", str(sent(mail)))


def test_a_message_comes_in_its_readers_language(mail: Compound, phone: FlaskClient) -> None:
    with mail.session() as session:
        session.get_one(Person, mail.person_id).language = "zh"
    proved(phone, mail, "looked_at")
    everything_happens_to_look(mail)
    ((_channel, _target, text),) = sent(mail)
    assert text.startswith("有工作人员查看了您的通行记录。")
