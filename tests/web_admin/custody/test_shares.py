"""Shares of faces and their receipts, row by row: whose end, what is left of them, which receipt counts."""

from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.messages import RECEIPT_DOMAIN, ForgetReceipt, SignedReceipt, sign_struct
from gate_controller.contract.signing import SignatureRefused, public_bytes, sign
from tests.support.compounds.with_gates import add_gate
from web_admin.compound.keys import create_site
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import IN_LIST
from web_admin.core.sealing import FACE_SHARE_PURPOSE, share_key_id
from web_admin.custody.key_rotation import rotation_due_since
from web_admin.custody.models import Consent, FaceLook, FaceShare, ForgettingRow, Notice, ReceiptRow
from web_admin.custody.shares import (
    FACE_PURPOSE,
    HeldShare,
    ReceiptRefused,
    create_shares,
    destroy_shares,
    end_shares,
    gates_offering_face,
    held_shares,
    live_face_consents,
    people_with_shares,
    public_keys_of,
    take_receipt,
)

ALL_METHODS = ["card", "pin", "qr", "face"]
HOUR = timedelta(hours=1)


class Faces:
    """A site with two gates that offer face, in one open transaction."""

    def __init__(self, session, sealer, site_id, now):
        self.session, self.sealer, self.site_id, self.now = session, sealer, site_id, now
        self.keys = {
            gate_id: add_gate(session, sealer, site_id, gate_id, number, ALL_METHODS)
            for number, gate_id in enumerate(("south", "north"), start=1)
        }
        session.get_one(Site, site_id).face_enabled = True

    def add(self, row):
        self.session.add(row)
        self.session.flush()
        return row

    def person(self, person_id, **others):
        fields = {"site_id": self.site_id, "display_name": "someone", "methods": ["card", "face"]}
        return self.add(Person(person_id=person_id, created_at=self.now, **(fields | others)))

    def consent(self, person_id, consent_id, **others):
        fields = {
            "purpose": FACE_PURPOSE,
            "notice_version": 1,
            "notice_sha256": bytes(32),
            "language": "en",
            "channel": "phone",
            "given_at": self.now,
        }
        return self.add(Consent(consent_id=consent_id, person_id=person_id, **(fields | others)))

    def create(self, person_id, consent_id):
        return create_shares(self.session, self.sealer, person_id, consent_id)

    def shared(self, *person_ids):
        """Add people with a consent of their own name, and shares at both gates."""
        for person_id in person_ids:
            self.person(person_id)
            self.consent(person_id, f"of-{person_id}")
            self.create(person_id, f"of-{person_id}")

    def shares(self):
        return [(one.person_id, one.gate_id) for one in held_shares(self.session)]

    def look(self, consent_id, gate_id):
        look_id = f"{consent_id} at {gate_id}"
        self.add(FaceLook(gate_id=gate_id, look_id=look_id, consent_id=consent_id, taken_at=self.now))

    def looks(self):
        return sorted(self.session.scalars(select(FaceLook.look_id)))

    def published(self, gate_id, key, value=b"{}"):
        self.add(PolicyRecordRow(gate_id=gate_id, key=key, value=value, digest=bytes(32), version=1))

    def endings(self):
        self.session.flush()
        self.session.expire_all()
        return {(row.consent_id, row.gate_id): row for row in self.session.scalars(select(ForgettingRow))}

    def receipt(self, **changed):
        whole = ForgetReceipt(
            site_id=self.site_id,
            gate_id="north",
            person_id="a",
            consent_id="of-a",
            forgotten_at=self.now,
            blob_found=True,
            journal_seq=4,
        )
        return msgspec.structs.replace(whole, **changed)

    def take(self, receipt, key=None, after=timedelta()):
        body, signature = sign_struct(key or self.keys["north"], RECEIPT_DOMAIN, receipt)
        return self.take_signed(SignedReceipt(receipt=body, signature=signature), after)

    def take_signed(self, signed, after=timedelta()):
        return take_receipt(self.session, self.session.get_one(Gate, "north"), signed, self.now + after)

    def stored(self):
        self.session.flush()
        self.session.expire_all()
        return {
            (row.consent_id, row.gate_id): (msgspec.json.decode(row.receipt)["journal_seq"], row.received_at)
            for row in self.session.scalars(select(ReceiptRow))
        }

    def new_controller(self):
        """Give the gate in the north a new key; return the old one."""
        old, self.keys["north"] = self.keys["north"], Ed25519PrivateKey.generate()
        self.session.get_one(Gate, "north").public_key = public_bytes(self.keys["north"])
        self.session.flush()
        return old


@pytest.fixture
def faces(database, sealer, site, now):
    with database.session() as session:
        yield Faces(session, sealer, site, now)


# -- which consents are live -------------------------------------------------------------------------


def live(faces, person_ids=None):
    return live_face_consents(faces.session, faces.site_id, person_ids)


@pytest.mark.parametrize(
    "dead",
    [{"purpose": "messages"}, {"withdrawn_at": True}, {"notice_version": 1}],
    ids=["another purpose", "withdrawn", "an older notice"],
)
def test_a_consent_lives_to_a_face_and_to_the_newest_notice_until_it_is_withdrawn(faces, now, dead):
    for version, purpose in ((1, FACE_PURPOSE), (2, FACE_PURPOSE), (3, "messages")):
        faces.add(
            Notice(
                purpose=purpose, version=version, language="en", fields={}, sha256=bytes(32), published_at=now
            )
        )
    faces.person("a")
    faces.consent("a", "new", notice_version=2)
    faces.person("b")
    faces.consent(
        "b", "dead", **({"notice_version": 2} | {k: now if v is True else v for k, v in dead.items()})
    )
    assert live(faces) == {"a": "new"}


def test_without_any_notice_a_consent_to_the_first_one_lives(faces):
    faces.person("a")
    faces.consent("a", "zero", notice_version=0)
    assert live(faces) == {"a": "zero"}


def test_of_two_live_consents_the_later_one_counts_and_at_one_moment_the_greater_id(faces, now):
    faces.person("a")
    faces.consent("a", "1-later", given_at=now + HOUR)
    faces.consent("a", "2-earlier")
    faces.person("b")
    faces.consent("b", "2")
    faces.consent("b", "1")
    assert live(faces) == {"a": "1-later", "b": "2"}


def test_consents_of_another_site_of_who_left_and_of_a_site_without_face_are_left_out(faces, sealer, now):
    other, _ = create_site(faces.session, sealer, "Elm Court", "Asia/Shanghai", "en", "phrase", now)
    other.face_enabled = True
    faces.person("a")
    faces.person("gone", ended_at=now)
    faces.person("elsewhere", site_id=other.site_id)
    for person_id in ("a", "gone", "elsewhere"):
        faces.consent(person_id, f"of-{person_id}")
    assert live(faces) == {"a": "of-a"}
    faces.session.get_one(Site, faces.site_id).face_enabled = False
    assert live(faces) == {}


@pytest.mark.parametrize(
    "strangers", [0, IN_LIST, 70_000], ids=["few", "many", "more than a statement takes"]
)
def test_of_named_people_only_theirs_are_read_however_many_they_are(faces, strangers):
    for person_id in ("a", "b"):
        faces.person(person_id)
        faces.consent(person_id, f"of-{person_id}")
    assert live(faces, ["a", *(f"x{number}" for number in range(strangers))]) == {"a": "of-a"}
    assert live(faces, []) == {}


# -- who has a share where ---------------------------------------------------------------------------


def test_a_share_is_made_for_each_paired_gate_with_a_face_lane_and_for_none_twice(faces, now):
    faces.person("a")
    faces.consent("a", "of-a", given_at=now + HOUR)
    add_gate(faces.session, faces.sealer, faces.site_id, "east", 3, ["card"])
    add_gate(faces.session, faces.sealer, faces.site_id, "west", 4, ALL_METHODS)
    faces.session.get_one(Gate, "west").state = "stolen"
    faces.session.flush()
    assert gates_offering_face(faces.session, faces.site_id) == ["north", "south"]
    assert faces.create("a", "of-a") == ["north", "south"]
    assert held_shares(faces.session) == [
        HeldShare("a", gate_id, "of-a", now + HOUR) for gate_id in ("north", "south")
    ]
    assert faces.create("a", "of-a") == []
    faces.session.get_one(Gate, "west").state = "paired"
    assert faces.create("a", "of-a") == ["west"]
    assert rotation_due_since(faces.session) is None, "nothing ended"


def test_each_share_is_32_bytes_of_its_own_under_the_key_in_use(faces):
    faces.shared("a", "b")
    rows = list(faces.session.scalars(select(FaceShare)))
    opened = {faces.sealer.open(row.share_sealed, purpose=FACE_SHARE_PURPOSE) for row in rows}
    assert len(opened) == 4
    assert {len(one) for one in opened} == {32}
    assert {share_key_id(row.share_sealed) for row in rows} == {faces.sealer.wrap_keys.current_id}


def test_a_new_consent_replaces_the_persons_own_shares_and_no_others(faces, now):
    faces.shared("a", "b")
    before = {row.person_id: row.share_sealed for row in faces.session.scalars(select(FaceShare))}
    faces.consent("a", "again", given_at=now + HOUR)
    assert faces.create("a", "again") == ["north", "south"]
    assert [(one.person_id, one.consent_id, one.made_at) for one in held_shares(faces.session)] == [
        ("a", "again", now + HOUR)
    ] * 2 + [("b", "of-b", now)] * 2
    after = {row.person_id: row.share_sealed for row in faces.session.scalars(select(FaceShare))}
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    endings = faces.endings()
    assert set(endings) == {("of-a", "north"), ("of-a", "south")}
    assert {(row.why, row.begun_at) for row in endings.values()} == {("consent_replaced", now + HOUR)}


def test_where_no_gate_offers_face_no_share_is_made(faces):
    for lane in faces.session.scalars(select(Lane)):
        lane.methods = ["card"]
    faces.person("a")
    faces.consent("a", "of-a")
    assert faces.create("a", "of-a") == []
    assert faces.shares() == []


def test_gates_and_people_of_another_site_are_left_out(faces, sealer, now):
    other, _ = create_site(faces.session, sealer, "Elm Court", "Asia/Shanghai", "en", "phrase", now)
    add_gate(faces.session, sealer, other.site_id, "far", 1, ALL_METHODS)
    faces.shared("b", "a")
    faces.person("elsewhere", site_id=other.site_id)
    faces.consent("elsewhere", "of-elsewhere")
    assert faces.create("elsewhere", "of-elsewhere") == ["far"]
    assert people_with_shares(faces.session, faces.site_id) == ("a", "b")
    assert people_with_shares(faces.session, other.site_id) == ("elsewhere",)


def test_held_shares_come_in_the_order_of_people_and_gates_with_what_is_not_flushed_yet(faces, now):
    faces.shared("b")
    faces.session.autoflush = False
    faces.session.add(
        FaceShare(person_id="b", gate_id="east", consent_id="of-b", share_sealed=b"", created_at=now)
    )
    faces.session.get_one(FaceShare, ("b", "south")).person_id = "b"
    faces.session.add(Gate(gate_id="east", site_id=faces.site_id, number=9, name="east", state="paired"))
    assert faces.shares() == [("b", "east"), ("b", "north"), ("b", "south")]
    assert [one.gate_id for one in held_shares(faces.session, FaceShare.gate_id != "north")] == [
        "east",
        "south",
    ]


def test_a_gate_without_a_key_has_nothing_for_one(faces):
    faces.session.get_one(Gate, "north").public_key = None
    keys = public_keys_of(faces.session, ["north", "south", "never"])
    assert keys == {"north": b"", "south": public_bytes(faces.keys["south"])}


# -- endings -----------------------------------------------------------------------------------------


def test_an_ended_share_leaves_all_that_its_certificate_says(faces, now):
    faces.shared("a", "b")
    faces.published("north", "face:a")
    faces.published("south", "face:b")
    faces.published("south", "face:a", value=None)
    assert destroy_shares(faces.session, "a", "withdrawn", now + HOUR) == ["north", "south"]
    assert faces.shares() == [("b", "north"), ("b", "south")]
    assert rotation_due_since(faces.session) == now + HOUR
    assert {
        at: (row.why, row.share_made_at, row.begun_at, row.key_id, row.fresh_receipt, row.gate_public_key)
        for at, row in faces.endings().items()
    } == {
        ("of-a", gate_id): (
            "withdrawn",
            now,
            now + HOUR,
            faces.sealer.wrap_keys.current_id,
            gate_id == "north",
            public_bytes(faces.keys[gate_id]),
        )
        for gate_id in ("north", "south")
    }


def test_who_has_no_share_ends_none_and_asks_for_no_new_key(faces, now):
    faces.shared("a")
    faces.person("b")
    assert destroy_shares(faces.session, "b", "withdrawn", now) == []
    assert rotation_due_since(faces.session) is None
    assert faces.endings() == {}


def test_a_second_ending_of_one_consent_takes_the_place_of_the_first(faces, now):
    faces.shared("a")
    faces.published("north", "face:a")
    destroy_shares(faces.session, "a", "lane_without_face", now + HOUR)
    again = faces.session.get_one(Consent, "of-a")
    again.given_at = now + 2 * HOUR
    faces.create("a", "of-a")
    faces.new_controller()
    faces.session.get_one(PolicyRecordRow, ("north", "face:a")).value = None
    destroy_shares(faces.session, "a", "withdrawn", now + 3 * HOUR)
    row = faces.endings()["of-a", "north"]
    assert (row.why, row.share_made_at, row.begun_at) == ("withdrawn", now + 2 * HOUR, now + 3 * HOUR)
    assert row.gate_public_key == public_bytes(faces.keys["north"])
    assert not row.fresh_receipt


def ended_by(faces, person_ids, gate_ids):
    chosen = FaceShare.person_id.in_(person_ids), FaceShare.gate_id.in_(gate_ids)
    return held_shares(faces.session, *chosen)


BOTH = ("north", "south")


@pytest.mark.parametrize(
    ("person_ids", "gate_ids"),
    [
        (("a",), BOTH),
        (("a", "b"), ("north",)),
        (("a", "b"), BOTH),
        (("a", "b", "c"), ("south",)),
        (("a", "b", "c"), BOTH),
    ],
    ids=["one person", "one gate", "as many people as gates", "all of a gate", "more people than gates"],
)
def test_only_the_shares_that_end_and_their_looks_are_deleted(faces, now, person_ids, gate_ids):
    faces.shared("a", "b", "c")
    for person_id in ("a", "b", "c"):
        for gate_id in BOTH:
            faces.look(f"of-{person_id}", gate_id)
    everything = {(person_id, gate_id) for person_id in ("a", "b", "c") for gate_id in BOTH}
    ended = {(person_id, gate_id) for person_id in person_ids for gate_id in gate_ids}
    kept = list(faces.session.scalars(select(FaceShare)))
    shares = ended_by(faces, person_ids, gate_ids)
    assert end_shares(faces.session, shares, "withdrawn", now) == [share.gate_id for share in shares]
    assert set(faces.shares()) == everything - ended
    assert faces.looks() == sorted(f"of-{who} at {gate_id}" for who, gate_id in everything - ended)
    assert set(faces.endings()) == {(f"of-{who}", gate_id) for who, gate_id in ended}
    assert [one in faces.session for one in kept] == [
        (one.person_id, one.gate_id) not in ended for one in kept
    ], "an ended row is no part of the transaction any more, a kept one still is"


def test_two_consents_of_one_person_at_two_gates_both_lose_their_looks(faces, now):
    faces.shared("a")
    faces.consent("a", "second")
    faces.session.get_one(FaceShare, ("a", "south")).consent_id = "second"
    faces.session.flush()
    for consent_id, gate_id in (("of-a", "north"), ("second", "south"), ("second", "north")):
        faces.look(consent_id, gate_id)
    destroy_shares(faces.session, "a", "withdrawn", now)
    assert faces.looks() == ["second at north"], "no share of that consent ended there"


def test_a_share_that_is_gone_already_is_said_and_not_passed_over(faces, now):
    faces.shared("a")
    shares = held_shares(faces.session)
    faces.session.delete(faces.session.get_one(FaceShare, ("a", "north")))
    with pytest.raises(RuntimeError, match="of 2 shares that end, 1 were there"):
        end_shares(faces.session, shares, "withdrawn", now)


# -- receipts ----------------------------------------------------------------------------------------


@pytest.fixture
def ended(faces, now):
    """One person whose face ended at both gates."""
    faces.shared("a", "b")
    destroy_shares(faces.session, "a", "withdrawn", now)
    return faces


def test_a_receipt_is_stored_once_with_the_time_it_came(ended, now):
    assert ended.take(ended.receipt(), after=HOUR) is True
    assert ended.take(ended.receipt(), after=2 * HOUR) is False
    assert ended.stored() == {("of-a", "north"): (4, now + HOUR)}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"gate_id": "south"}, "the receipt is of gate 'south', this is 'north'"),
        ({"site_id": "elsewhere"}, "the receipt is of gate 'north', this is 'north'"),
        ({"consent_id": "never"}, "no consent 'never' of person 'a' is known"),
        ({"person_id": "b"}, "no consent 'of-a' of person 'b' is known"),
    ],
)
def test_a_receipt_about_another_gate_site_or_person_is_refused(ended, changed, reason):
    with pytest.raises(ReceiptRefused) as refused:
        ended.take(ended.receipt(**changed))
    assert str(refused.value) == reason
    assert ended.stored() == {}


@pytest.mark.parametrize(
    ("seq", "hours", "counts"),
    [(5, 0, True), (5, -1, True), (4, 1, True), (3, 1, True), (4, 0, False), (3, 0, False), (3, -1, False)],
)
def test_a_later_receipt_counts_by_the_journal_or_by_the_clock(ended, now, seq, hours, counts):
    ended.take(ended.receipt())
    later = ended.receipt(journal_seq=seq, forgotten_at=now + hours * HOUR)
    assert ended.take(later, after=HOUR) is counts
    assert ended.stored() == {("of-a", "north"): (seq, now + HOUR) if counts else (4, now)}


def test_the_controller_that_had_the_face_may_sign_and_no_third_one(ended):
    old = ended.new_controller()
    with pytest.raises(SignatureRefused):
        ended.take(ended.receipt(), key=Ed25519PrivateKey.generate())
    assert ended.take(ended.receipt(), key=old) is True


def test_a_controller_from_before_may_not_sign_for_a_face_that_ended_after_it(ended, now):
    old = ended.new_controller()
    destroy_shares(ended.session, "b", "withdrawn", now)
    with pytest.raises(SignatureRefused):
        ended.take(ended.receipt(person_id="b", consent_id="of-b"), key=old)
    with pytest.raises(SignatureRefused):
        ended.take(ended.receipt(consent_id="never"), key=old)
    assert ended.stored() == {}


def test_what_no_key_signed_or_cannot_be_read_is_refused(ended):
    old = ended.new_controller()
    for body in (b"", b"{", b"\xff", b'{"consent_id":7}'):
        for key in (old, ended.keys["north"]):
            with pytest.raises(SignatureRefused):
                ended.take_signed(SignedReceipt(receipt=body, signature=sign(key, RECEIPT_DOMAIN, body)))
    assert ended.stored() == {}


def test_of_two_controllers_the_one_counts_that_had_the_face_when_it_ended(ended):
    old = ended.new_controller()
    assert ended.take(ended.receipt(journal_seq=9)) is True, "the new controller, which never had it"
    assert ended.take(ended.receipt(journal_seq=2), key=old) is True
    assert ended.take(ended.receipt(journal_seq=99)) is False
    assert ended.stored()["of-a", "north"][0] == 2


def test_a_receipt_without_an_ending_gives_way_to_one_of_the_new_controller(faces):
    faces.shared("a")
    assert faces.take(faces.receipt(journal_seq=9)) is True
    faces.new_controller()
    assert faces.take(faces.receipt(journal_seq=1)) is True
    assert faces.stored()["of-a", "north"][0] == 1


def test_a_gate_without_a_key_hands_no_receipt_in(ended):
    ended.session.get_one(Gate, "north").public_key = None
    ended.session.get_one(ForgettingRow, ("of-a", "north")).gate_public_key = b""
    with pytest.raises(SignatureRefused):
        ended.take(ended.receipt())
