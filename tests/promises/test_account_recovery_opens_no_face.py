"""Behind promise 3: a new invitation is no way to somebody's face or records.

Random histories of inviting, opening, signing in, showing a card and trying everything: from a second
invitation until the person showed their own card or PIN, the phone consents to nothing, makes no PIN and
reads no record; a passkey made before an invitation signs nobody in after it. Does not cover: somebody who
has the invitation and the card.
"""

import secrets
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests.resident_compound import Compound, SetClock, csrf_of, make_compound
from tests.soft_passkey import SoftPasskey
from web_admin.config import WebConfig
from web_admin.consents import withdraw_face
from web_admin.database import current_menjin
from web_admin.homes_and_people import confirm_identity
from web_admin.models import Consent, CredentialRow, Person
from web_admin.ways_in import INVITED_AGAIN

KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
RECORDS = ("/r/records", "/r/records/export.json", "/r/records/consents/{consent_id}",
           "/r/records/consents/{consent_id}/receipts.json", "/r/certificates/{consent_id}",
           "/r/certificates/{consent_id}.json")


class Recovery(RuleBasedStateMachine):
    """Everything that somebody with a letter can try; `proven` says whether they showed the card since."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="menjin-recovery-"))
        config = WebConfig(
            database_url=f"sqlite:///{self.folder / 'menjin.sqlite3'}", data_dir=self.folder,
            secrets_dir=self.folder, public_url="http://localhost",
            **{name: secrets.token_bytes(32) for name in KEYS},
        )
        self.clock = SetClock(datetime(2026, 3, 4, 4, 0, tzinfo=UTC))
        self.compound: Compound = make_compound(config, self.clock)
        self.compound.app.config["RATELIMIT_ENABLED"] = False
        self.client: FlaskClient | None = None
        self.opened = self.browsers = 0
        self.passkeys: list[tuple[int, SoftPasskey]] = []
        """Each with how often an invitation was opened before it was made."""
        self.proven = True

    def teardown(self) -> None:
        with self.compound.app.app_context():
            current_menjin().database.engine.dispose()
        shutil.rmtree(self.folder)

    def opened_by_letter(self) -> FlaskClient:
        """Open an invitation from an address of its own, so that no throttle hides the answer."""
        client = self.new_browser()
        token = csrf_of(client.get("/r/welcome").text)
        code = self.compound.invitation(self.compound.person_id)
        answer = client.post("/r/welcome", data={"code": code, "csrf_token": token})
        assert answer.status_code == 303
        return client

    def new_browser(self) -> FlaskClient:
        client = self.compound.app.test_client()
        self.browsers += 1
        client.environ_base["REMOTE_ADDR"] = f"10.0.{self.browsers // 250}.{self.browsers % 250 + 1}"
        with client.session_transaction() as session:
            session["language"] = "en"
        return client

    def send(self, client: FlaskClient, path: str, body: object) -> dict[str, Any]:
        token = csrf_of(client.get("/r/help").text) or csrf_of(client.get("/r/sign-in").text)
        answer = client.post(path, json=body, headers={"X-CSRFToken": token}).json
        assert isinstance(answer, dict)
        return answer

    def post(self, path: str, seen_on: str, **fields: str) -> int:
        assert self.client is not None
        token = csrf_of(self.client.get(seen_on).text)
        return self.client.post(path, data={"csrf_token": token, **fields}).status_code

    @rule()
    def a_new_invitation_is_opened(self) -> None:
        self.clock.now += timedelta(hours=1)
        self.client = self.opened_by_letter()
        self.opened += 1
        self.proven = self.opened == 1
        self.each_passkey_is_tried_on_a_phone_of_its_own()

    @rule()
    def the_desk_sees_the_card(self) -> None:
        with self.compound.act("desk") as act:
            confirm_identity(act, self.compound.person_id)
        self.proven = True

    @precondition(lambda self: self.client is not None)
    @rule()
    def somebody_says_yes_to_face(self) -> None:
        before = self.rows(Consent.consent_id)
        self.post("/r/face/yes", "/r/help", notice_version="1", language="en")
        assert self.proven or self.rows(Consent.consent_id) == before

    @precondition(lambda self: self.client is not None)
    @rule()
    def somebody_makes_a_pin(self) -> None:
        before = self.pins()
        self.post("/r/pin", "/r/help")
        self.post("/r/ways/pin", "/r/help", on="1")
        assert self.proven or self.pins() == before

    @precondition(lambda self: self.client is not None)
    @rule()
    def somebody_reads_the_records(self) -> None:
        assert self.client is not None
        consent_id = next(iter(self.rows(Consent.consent_id)), "0" * 16)
        for path in RECORDS:
            answer = self.client.get(path.format(consent_id=consent_id))
            assert self.proven or (answer.status_code, answer.location) == (303, "/r/")
        assert self.proven or "last used" not in self.client.get("/r/").text

    @precondition(lambda self: self.client is not None)
    @rule()
    def somebody_makes_a_passkey(self) -> None:
        assert self.client is not None
        passkey = SoftPasskey("http://localhost")
        options = self.send(self.client, "/r/passkeys/options", {})
        assert self.send(self.client, "/r/passkeys", passkey.make(options)) == {"next": "/r/password"}
        self.passkeys.append((self.opened, passkey))

    @rule()
    def each_passkey_is_tried_on_a_phone_of_its_own(self) -> None:
        for opened, passkey in self.passkeys:
            browser = self.new_browser()
            options = self.send(browser, "/r/sign-in/passkey/options", {})
            answer = self.send(browser, "/r/sign-in/passkey", passkey.answer(options))
            assert (answer == {"next": "/r/"}) is (opened == self.opened)
            assert (browser.get("/r/").status_code == 200) is (opened == self.opened)

    @rule()
    def the_person_takes_face_back(self) -> None:
        with self.compound.act("desk") as act:
            withdraw_face(act, self.compound.person_id)

    @invariant()
    def an_unproven_phone_is_known_as_such(self) -> None:
        with self.compound.session() as session:
            person = session.get_one(Person, self.compound.person_id)
            assert (person.face_paused_reason == INVITED_AGAIN) is not self.proven

    def rows(self, column: object) -> list[str]:
        with self.compound.session() as session:
            return list(session.scalars(select(column)))  # type: ignore[call-overload]

    def pins(self) -> list[str]:
        with self.compound.session() as session:
            return list(
                session.scalars(
                    select(CredentialRow.credential_id).where(
                        CredentialRow.kind == "pin", CredentialRow.state == "active"
                    )
                )
            )


def test_a_recovered_account_reaches_neither_face_nor_records_before_card_or_pin() -> None:
    quick = settings(
        max_examples=8, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
    )


    run_state_machine_as_test(Recovery, settings=quick)
