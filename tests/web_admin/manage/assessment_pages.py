"""Forms about faces, pressed as staff press them."""

from tests.support.compounds.resident import csrf_of
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec


def once_of(html):
    return html.partition('name="once"')[2].partition('value="')[2].partition('"')[0]


def press(client, path, seen_on, **fields):
    page = client.get(seen_on).text
    return client.post(path, data={"csrf_token": csrf_of(page), "once": once_of(page), **fields})


def act_on(compound, doing, channel="system", actor_id="tests"):
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, actor_id, channel, now=compound.clock())
            return doing(act)


def offer(compound):
    spec = LaneSpec("north-in", "北门进", "in", ("card", "pin", "qr", "face"))
    act_on(compound, lambda act: save_lane(act, "north", spec))


def stranger(compound, language="en"):
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = language
    return client
