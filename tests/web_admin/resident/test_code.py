"""The page of the code: online and offline."""

import base64
import re
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from gate_controller.rules.decision import Reason
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import switch
from web_admin.compound.models import CredentialRow, Person


def send_key(phone: FlaskClient, public_key: object) -> tuple[int, dict[str, object]]:
    token = csrf_of(phone.get("/r/").text)
    answer = phone.post("/r/code/key", json={"public_key": public_key}, headers={"X-CSRFToken": token})
    return answer.status_code, answer.json or {}


def point() -> bytes:
    public = generate_private_key(SECP256R1()).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_a_phones_public_key_is_kept_as_it_was_sent(small_compound: Compound, phone: FlaskClient) -> None:
    key = point()
    code, answer = send_key(phone, base64.b64encode(key).decode())
    assert (code, answer["site_id"]) == (200, small_compound.site_id)
    with small_compound.session() as session:
        row = session.get_one(CredentialRow, answer["credential_id"])
        assert (row.public_key, row.person_id, row.kind) == (key, small_compound.person_id, "qr")


@pytest.mark.wide
def test_bytes_that_are_no_key_are_refused_with_a_sentence(phone: FlaskClient) -> None:
    for sent in ("", "%%%", base64.b64encode(b"\4" + bytes(64)).decode(), None, 7, ["x"]):
        code, answer = send_key(phone, sent)
        assert (code, answer) == (422, {"error": "Your phone sent a key we cannot use. Please try again."})


@pytest.mark.wide
def test_an_online_code_opens_while_qr_is_on_and_is_refused_once_it_is_off(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "qr", on=True)
    token = csrf_of(phone.get("/r/").text)
    fetched = phone.post("/r/code/now", headers={"X-CSRFToken": token}).json
    assert fetched is not None
    assert small_compound.decide(fetched["text"]).reason is Reason.GRANTED
    switch(phone, "qr", on=False)
    assert phone.post("/r/code/now", headers={"X-CSRFToken": token}).status_code == 422
    assert small_compound.decide(fetched["text"]).reason is Reason.METHOD_NOT_CHOSEN


def test_the_page_of_a_resident_with_qr_off_offers_to_switch_it_on(phone: FlaskClient) -> None:
    page = phone.get("/r/code").text
    assert "Switch on the QR code" in page
    assert "data-code-page" not in page


@pytest.mark.parametrize("uses_code", [True, False])
def test_every_phone_begins_at_the_pass_card_which_leads_to_the_ways_in(
    phone: FlaskClient, uses_code: bool
) -> None:
    switch(phone, "qr", uses_code)
    begins = [phone.get(path).headers["Location"] for path in ("/", "/r/sign-in")]
    card, _, tabs = phone.get("/r/code").text.partition('class="tabs"')
    assert begins == ["/r/code", "/r/code"]
    assert re.findall(r'<a href="(/r/[a-z]*)"', tabs) == ["/r/code", "/r/visitors", "/r/home", "/r/records"]
    ahead = re.findall(r'<a href="(/r/[a-z]*)"', card.partition('class="ahead"')[2])
    assert ahead == ["/r/visitors", "/r/calls", "/r/"]


def test_the_pass_card_says_above_the_code_what_needs_its_person(
    phone: FlaskClient, small_compound: Compound
) -> None:
    switch(phone, "qr", True)
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).suspended = True
    page = phone.get("/r/code").text
    assert 0 < page.find("Your access is suspended") < page.find("data-code-page")


def test_the_service_worker_names_a_new_version_when_a_part_changes(
    small_compound: Compound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "static"
    shutil.copytree(str(small_compound.app.static_folder), folder)
    client = small_compound.app.test_client()
    first = client.get("/r/service-worker.js").text.splitlines()[0]
    monkeypatch.setattr(small_compound.app, "static_folder", str(folder))
    assert client.get("/r/service-worker.js").text.splitlines()[0] == first
    with (folder / "resident/resident.css").open("a") as style:
        style.write("/* changed */")
    assert client.get("/r/service-worker.js").text.splitlines()[0] != first
