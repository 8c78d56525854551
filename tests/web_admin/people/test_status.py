"""One word for a person, a way in, a lane, a gate: each page says only what is so."""

from datetime import timedelta

from gate_controller.contract.records import Method
from tests.web_admin.manage.acting_pages import hidden_of
from web_admin.compound.models import Person
from web_admin.face.actions import face_state, give_face_consent
from web_admin.journal.models import GateEvent
from web_admin.people.status import Ways, faces_taken, person_status, way_status


def test_nothing_of_a_suspended_person_works(compound) -> None:
    person_id = compound.persons["王芳"]
    with compound.act() as act:
        act.session.get_one(Person, person_id).suspended = True
    page = compound.signed_in().get(f"/manage/people/{person_id}").text
    ways = page.partition("ways in</h2>")[2].partition("</section>")[0]
    assert "Works" not in ways
    assert "Suspended" in ways
    assert "Suspended" in page.partition("<h1>")[2].partition("ways in</h2>")[0]


def test_a_person_has_one_word(compound) -> None:
    card: Ways = {Method.CARD: "works"}
    with compound.act() as act:
        person = act.session.get_one(Person, compound.persons["王芳"])
        assert person_status(person, card) == "active"
        assert person_status(person, {Method.CARD: "suspended"}) == "no_way"
        person.grants.clear()
        assert person_status(person, card) == "no_gate"
        person.suspended = True
        assert person_status(person, card) == "suspended"
        person.ended_at = act.now
        assert person_status(person, card) == "ended"


def test_a_face_is_on_once_a_gate_has_taken_it(compound) -> None:
    person_id, days = compound.persons["王芳"], 30
    with compound.act("phone", person_id) as act:
        give_face_consent(act, person_id, 1, "zh")
    with compound.act() as act:
        person, face = act.session.get_one(Person, person_id), face_state(act.session, person_id)
        taken = person_id in faces_taken(act.session, {person_id: face}, days, act.now)
        assert way_status(person, Method.FACE, (), face, face_taken=taken) == "not_taken"
        act.session.add(
            GateEvent(
                journal_id="j",
                gate_id="north",
                seq=900,
                kind="face_enrolled",
                lane_id="north-in",
                at=act.now,
                received_at=act.now,
                person_id=person_id,
                facts={},
                personal={},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
        taken = person_id in faces_taken(act.session, {person_id: face}, days, act.now)
        assert way_status(person, Method.FACE, (), face, face_taken=taken) == "works"
        later = act.now + timedelta(days=days)
        assert faces_taken(act.session, {person_id: face}, days, later) == {person_id}
    assert "Agreed" not in compound.signed_in().get(f"/manage/people/{person_id}").text


def test_saved_says_only_of_gates_that_can_know_that_they_know(compound) -> None:
    client, path = compound.signed_in(), "/manage/hours/new"
    data = hidden_of(client.get(path).text)
    sent = client.post(
        path,
        data={**data, "name": "早", "span1-days": "mon", "span1-start": "06:00", "span1-end": "08:00"},
        follow_redirects=True,
    )
    assert "within seconds" not in sent.text
    assert "Without a controller: 车库." in sent.text


def test_health_is_not_well_beside_an_open_alarm(compound) -> None:
    page = compound.signed_in().get("/manage/health").text
    assert "1 alarm is open." in page
    assert "Everything is well." not in page
