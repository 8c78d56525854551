"""Steps with a manager and a fee system who try to keep a person out of their home for money."""

from datetime import UTC, datetime, timedelta

import requests

from demo.actors.office_actions import DeskRefused
from demo.judge import Outcome, StepFailed, opens, refused, require
from demo.stage import Stage
from demo.world.compound import card_number
from web_admin.accounts.api_keys import make_api_key

SECOND_CARD = card_number(201, 0)
API_SECONDS = 5.0


def fee_lockout_refused(stage: Stage) -> Outcome:
    """The office suspends a tenant for a debt, then takes all lanes from them: both are refused.

    Broken by: a debt that is a reason, an act that leaves no way in and asks for no reason.
    """
    tenant = stage.member("tenant")
    reader = stage.gates["north"].metal.readers["north-in"]
    sentences = []
    for keep_out in (stage.desk.suspend_person, stage.desk.take_lanes):
        try:
            keep_out(tenant.person_id, "unpaid")
        except DeskRefused as err:
            sentences.append(str(err))
    require(len(sentences) == 2, f"the office kept a tenant out for a debt: only {sentences} was refused")
    opens(stage, "north", "north-in", lambda: reader.tap(tenant.card), person_id=tenant.person_id)
    return Outcome(None, f"not done: {' / '.join(sentences)}; the card still opens")


def api_last_way_in_refused(stage: Stage) -> Outcome:
    """A fee system with a key suspends a tenant's only card: 409; once a second one has opened a gate it may.

    Broken by: a key that takes the last way in that needs no face, a card in a drawer that counts as another.
    """
    tenant = stage.member("tenant")
    reader = stage.gates["north"].metal.readers["north-in"]
    with stage.office.act() as act:
        ends = datetime.now(UTC) + timedelta(days=1)
        key = make_api_key(act, name="fees", scopes=("cards:write",), valid_until=ends).text
    answer = _call(stage, key, f"/cards/{tenant.card_id}/suspend", {"reason": "lost"})
    said = answer.json().get("message")
    if (answer.status_code, said) != (409, "last_way_in"):
        raise StepFailed(f"the last card was answered {answer.status_code} {said}")
    opens(stage, "north", "north-in", lambda: reader.tap(tenant.card), person_id=tenant.person_id)
    given = _call(stage, key, f"/people/{tenant.person_id}/cards", {"number": str(SECOND_CARD)})
    require(given.status_code == 201, f"a second card was answered {given.status_code}")
    answer = _call(stage, key, f"/cards/{tenant.card_id}/suspend", {"reason": "lost"})
    require(answer.status_code == 409, f"beside an unused card the first was answered {answer.status_code}")
    stage.wait_synced("north")
    opens(stage, "north", "north-in", lambda: reader.tap(SECOND_CARD), person_id=tenant.person_id)
    answer = _call(stage, key, f"/cards/{tenant.card_id}/suspend", {"reason": "lost"})
    require(answer.status_code == 200, f"beside a used card the first was answered {answer.status_code}")
    stage.wait_synced("north")
    refused(stage, "north", "north-in", lambda: reader.tap(tenant.card), "credential_suspended")
    return Outcome(None, "409 last_way_in; a second card given and used, the first is suspended")


def _call(stage: Stage, key: str, path: str, body: dict[str, str]) -> requests.Response:
    return requests.post(
        f"{stage.server.address}/api/v1{path}",
        json=body,
        headers={"Authorization": f"Bearer {key}"},
        timeout=API_SECONDS,
    )
