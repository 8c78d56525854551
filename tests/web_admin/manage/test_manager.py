"""The manager's pages: what they show, what they change, and how they say no."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, local, once_of, send
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Gate, Home, Hours, Lane, Person, Site
from web_admin.compound.policy_models import OrderRow
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import AuditEntry
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_now_shows_gates_alarms_and_passages_but_no_names(client, compound):
    page = client.get("/manage/").text
    assert "北门" in page
    assert "Door open too long" in page
    assert "In contact" in page
    assert [name for name in compound.persons if name in page] == []


def test_an_alarm_is_acknowledged_once_with_its_note(client, rows):
    alarm_id = rows(lambda s: s.scalar(select(Alarm.alarm_id)))
    token = csrf_of(client.get("/manage/").text)
    for note in ("Leaf in the door", "again"):
        client.post(f"/manage/alarms/{alarm_id}/acknowledge", data={"note": note, "csrf_token": token})
    alarm = rows(lambda s: s.get_one(Alarm, alarm_id))
    assert (alarm.note, alarm.acknowledged_at is not None) == ("Leaf in the door", True)
    assert "Door open too long" not in client.get("/manage/").text


def test_a_lane_opens_once_with_a_reason_and_not_twice_for_a_double_press(client, rows):
    page = client.get("/manage/lanes/north-in").text
    data = {"csrf_token": csrf_of(page), "once": once_of(page), "reason": "courier"}
    assert client.post("/manage/lanes/north-in/open", data=data).status_code == 303
    assert client.post("/manage/lanes/north-in/open", data=data).status_code == 303
    orders = rows(lambda s: s.scalars(select(OrderRow)).all())
    assert [(order.lane_id, order.reason) for order in orders] == [("north-in", "courier")]
    assert "not done twice" in client.get("/manage/").text


def test_opening_without_a_reason_says_so_beside_the_field(client, rows):
    answer = send(client, "/manage/lanes/north-in", "/manage/lanes/north-in/open", reason="")
    assert answer.status_code == 422
    assert re.search(r'id="reason-wrong-1">.*?Say why\.', answer.text, re.DOTALL)
    assert rows(lambda s: s.scalar(select(func.count(OrderRow.order_id)))) == 0


@pytest.fixture
def silent_gate(rows, compound):
    def fall_silent(session):
        session.get_one(Gate, "north").last_seen_at = compound.clock() - timedelta(hours=1)

    rows(fall_silent)


def test_an_order_to_a_gate_without_contact_is_not_called_done(client, silent_gate):
    assert "Orders and changes from here do not reach it now." in client.get("/manage/lanes/north-in").text
    send(client, "/manage/lanes/north-in", "/manage/lanes/north-in/open", reason="locked out")
    page = client.get("/manage/lanes/north-in").text
    assert "this gate has no contact" in page
    assert "Ordered:" not in page


def test_a_lockdown_names_the_gates_that_do_not_receive_it(client, compound, silent_gate):
    until = local(compound.clock() + timedelta(hours=1))
    send(client, "/manage/lockdown", reason="drill", until=until)
    assert "No contact: 北门. They learn of this only when" in client.get("/manage/").text


def test_a_gate_in_contact_gets_a_change_without_a_warning(client, compound):
    until = local(compound.clock() + timedelta(hours=1))
    send(
        client,
        "/manage/lanes/north-in",
        "/manage/lanes/north-in/posture",
        posture="held_open",
        reason="delivery",
        until=until,
    )
    page = client.get("/manage/lanes/north-in").text
    assert "Done. It ends automatically" in page
    assert "No contact" not in page


def test_nothing_is_opened_from_here_before_a_controller_is_paired(client):
    assert 'href="/manage/lanes/garage-in">' in client.get("/manage/").text
    page = client.get("/manage/lanes/garage-in").text
    assert "This gate has no controller yet" in page
    assert 'action="/manage/lanes/garage-in/open"' not in page


def test_a_new_lane_asks_four_things_and_keeps_the_rest_folded_until_it_is_refused(client):
    new = client.get("/manage/gates/north/lanes/new").text.partition('<details class="span-row">')
    assert [name in new[0] for name in ('id="name"', 'id="lane_id"', 'id="direction"')] == [True] * 3
    assert 'id="pulse_seconds"' in new[2]
    refused = send(client, "/manage/gates/north/lanes/new", name="", lane_id="").text
    assert '<details class="span-row" open>' in refused
    assert '<details class="span-row" open>' in client.get("/manage/gates/north/lanes/north-in").text


def test_lockdown_shuts_the_ways_in_until_its_end_and_can_be_ended(client, compound, rows):
    until = local(compound.clock() + timedelta(hours=1))
    assert send(client, "/manage/lockdown", reason="drill", until=until).status_code == 303
    postures = rows(lambda s: {lane.lane_id: lane.override_posture for lane in s.scalars(select(Lane))})
    assert (postures["north-in"], postures["north-out"]) == ("lockdown", None)
    client.post("/manage/lockdown/end", data={"csrf_token": csrf_of(client.get("/manage/").text)})
    assert rows(lambda s: s.get_one(Lane, "north-in").override_posture) is None


@pytest.mark.parametrize(("form", "hours"), [(0, 1), (1, 1), (1, 4)])
def test_a_lockdown_lasts_for_its_hours_from_the_press_on_a_page_of_an_hour_ago(
    client, compound, rows, form, hours
):
    page = client.get("/manage/lockdown").text
    shown = re.findall(r'<form class="card-box".*?</form>', page, re.DOTALL)[form]
    given = [tag for tag in re.findall(r"<input[^>]*>", shown) if "radio" not in tag or "checked" in tag]
    fields = dict(re.search(r'name="([^"]+)".*?value="([^"]*)"', tag).groups() for tag in given)
    compound.clock.now += timedelta(minutes=61)
    chosen = {"hours": str(hours)} if hours != 1 else {}
    assert client.post("/manage/lockdown", data=fields | {"reason": "Drill"} | chosen).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    end = lane.override_until
    assert (lane.override_posture, end) == ("lockdown", compound.clock() + timedelta(hours=hours))


def test_another_mode_of_a_lane_lasts_for_its_hours_from_the_press(client, compound, rows):
    page = client.get("/manage/lanes/north-in").text
    compound.clock.now += timedelta(minutes=61)
    sent = client.post(
        "/manage/lanes/north-in/posture",
        data={
            "csrf_token": csrf_of(page),
            "once": once_of(page),
            "posture": "disabled",
            "reason": "Paint",
            "hours": "2",
            "until": "",
        },
    )
    assert sent.status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    assert lane.override_until == compound.clock() + timedelta(hours=2)


def test_a_home_number_that_exists_is_refused_and_what_was_typed_stays(client):
    answer = send(client, "/manage/people/homes/new", number="3-1203")
    assert answer.status_code == 422
    assert 'value="3-1203"' in answer.text
    assert "Home 3-1203 exists already." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_form_sent_twice_adds_one_person(client, rows):
    page = client.get("/manage/people/new").text
    data = {
        "csrf_token": csrf_of(page),
        "once": once_of(page),
        "display_name": "何静",
        "home_id": "",
        "kind": "staff",
        "age_band": "adult",
        "language": "zh",
        "lanes": "north-in",
    }
    assert [client.post("/manage/people/new", data=data).status_code for _ in range(2)] == [303, 303]
    assert rows(lambda s: s.scalar(select(func.count()).where(Person.display_name == "何静"))) == 1


def test_search_finds_homes_and_names(client):
    assert "Ana Ruiz" in client.get("/manage/people/?q=ruiz").text
    assert "王芳" in client.get("/manage/people/?q=3-1203").text
    assert "Nothing found" in client.get("/manage/people/?q=nobody").text


def test_a_card_that_someone_has_is_refused_and_says_whose_home(client, compound):
    person_id = compound.persons["林薇"]
    answer = send(client, f"/manage/cards/give/{person_id}", number="4200005")
    assert answer.status_code == 422
    assert "Home 3-1203 holds this card already" in answer.text


def test_a_card_is_given_lost_found_and_ended(client, compound, rows):
    person_id = compound.persons["林薇"]
    send(client, f"/manage/cards/give/{person_id}", number="108,45678", label="blue fob")
    card_id = rows(
        lambda s: s.scalar(select(CredentialRow.credential_id).where(CredentialRow.label == "blue fob"))
    )
    states = []
    for step in ("suspend", "resume", "end"):
        send(client, f"/manage/people/{person_id}", f"/manage/cards/{card_id}/{step}")
        states.append(rows(lambda s: s.get_one(CredentialRow, card_id).state))
    assert states == ["suspended", "active", "ended"]


def test_finding_a_cards_holder_is_recorded(client, compound, rows):
    answer = send(client, "/manage/cards/", number="4200005")
    assert "王芳" in answer.text
    kinds = rows(
        lambda s: s.scalars(
            select(AuditEntry.kind).where(AuditEntry.person_id == compound.persons["王芳"])
        ).all()
    )
    assert "card_looked_up" in kinds


def test_a_pin_is_shown_once_and_a_duress_pin_is_in_no_list(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"
    shown = send(client, path, f"{path}/pin")
    assert re.search(r'<p class="code">\d{6}</p>', shown.text)
    send(client, path, f"{path}/pin", duress="1")
    page = client.get(path).text
    assert re.search(r"\b\d{6}\b(?=</p>)", page) is None
    assert page.count("<strong>PIN</strong>") + page.count("<strong>PIN\n") <= 2


def test_an_invitation_shows_its_code_and_a_picture_of_the_link(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"
    shown = send(client, path, f"{path}/invite")
    code = re.search(r'<p class="code">([A-Z0-9-]+)</p>', shown.text)[1]
    assert f"/r/welcome/{code}" in shown.text
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="qr"' in shown.text
    assert code not in client.get(path).text


def test_a_persons_page_has_one_accent_for_what_is_missing_first(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"

    def accents() -> list[str]:
        page = client.get(path).text
        return re.findall(r"btn-accent[^>]*>(?:<svg.*?</svg>)?([^<]+)<", page, re.DOTALL)

    assert accents() == ["Make an invitation"]
    send(client, path, f"{path}/invite")
    page = client.get(path).text
    assert "Invited" in page
    assert accents() == []
    card = re.search(r"/manage/cards/(\w+)/end", page)[0]
    send(client, path, card)
    assert accents() == ["Give a card"]


def test_moving_out_needs_a_confirmation_and_ends_everything(client, compound, rows):
    person_id = compound.persons["林薇"]
    assert send(client, f"/manage/people/{person_id}/move-out").status_code == 422
    assert send(client, f"/manage/people/{person_id}/move-out", sure="y").status_code == 303
    states = rows(
        lambda s: s.scalars(select(CredentialRow.state).where(CredentialRow.person_id == person_id)).all()
    )
    assert set(states) == {"ended"}


def test_suspension_and_its_end(client, compound, rows):
    path = f"/manage/people/{compound.persons['林薇']}"
    send(client, path, f"{path}/suspend", reason="keys found in the street")
    assert rows(lambda s: s.get_one(Person, compound.persons["林薇"]).suspended)
    send(client, path, f"{path}/resume")
    assert not rows(lambda s: s.get_one(Person, compound.persons["林薇"]).suspended)


def test_a_visitors_pass_prints_its_code_and_no_name(client, compound, rows):
    start = compound.clock()
    answer = send(
        client,
        "/manage/visitors/new",
        label="Lift service",
        gate_numbers="1",
        valid_from=local(start),
        valid_until=local(start + timedelta(hours=3)),
        uses="1",
    )
    page = client.get(answer.headers["Location"]).text
    assert 'class="qr"' in page
    assert "Lift service" not in page
    pass_id = answer.headers["Location"].rpartition("/")[2]
    send(client, "/manage/visitors/", f"/manage/visitors/{pass_id}/withdraw")
    assert rows(lambda s: s.get_one(VisitorPassRow, pass_id).withdrawn_at) is not None


def test_a_pass_that_is_too_long_says_so_beside_its_end(client, compound):
    start = compound.clock()
    answer = send(
        client,
        "/manage/visitors/new",
        label="x",
        gate_numbers="1",
        uses="0",
        valid_from=local(start),
        valid_until=local(start + timedelta(days=9)),
    )
    assert answer.status_code == 422
    assert re.search(r'id="valid_until-wrong-1">.*?7 days at most', answer.text, re.DOTALL)


LANE = {
    "name": "North in",
    "direction": "in",
    "hours_card": "",
    "hours_pin": "",
    "hours_qr": "",
    "hours_face": "",
    "pulse_seconds": "5",
    "slow_pulse_seconds": "15",
    "antipassback": "off",
    "staff_hold_minutes": "30",
}


def test_a_lane_with_face_alone_is_refused_beside_its_ways_in(client, rows):
    answer = send(client, "/manage/gates/north/lanes/north-in", **LANE, methods="face")
    assert answer.status_code == 422
    assert re.search(r'id="methods-wrong-1">', answer.text)
    assert rows(lambda s: s.get_one(Lane, "north-in").methods) == ["card", "pin", "qr"]


def test_a_lane_is_changed(client, rows):
    answer = send(client, "/manage/gates/north/lanes/north-in", **LANE, methods=["card", "pin"])
    assert answer.status_code == 303
    assert rows(lambda s: s.get_one(Lane, "north-in").methods) == ["card", "pin"]


def test_a_gate_and_its_lane_are_added(client, rows):
    assert send(client, "/manage/gates/new", name="West", gate_id="west").status_code == 303
    answer = send(client, "/manage/gates/west/lanes/new", **LANE, lane_id="west-in", methods=["card"])
    assert answer.status_code == 303
    assert rows(lambda s: s.get_one(Gate, "west").lanes[0].lane_id) == "west-in"


def test_short_names_are_taken_as_a_phone_writes_them(client, rows):
    assert send(client, "/manage/gates/new", name="West", gate_id="West ").status_code == 303
    answer = send(client, "/manage/gates/west/lanes/new", **LANE, lane_id="West-in", methods=["card"])
    assert answer.status_code == 303
    assert rows(lambda s: s.get_one(Gate, "west").lanes[0].lane_id) == "west-in"


def test_weekly_hours_are_saved_and_shown_again(client, rows):
    span = {"span1-days": ["sat", "sun"], "span1-start": "22:00", "span1-end": "06:00"}
    assert send(client, "/manage/hours/new", name="Nights", **span).status_code == 303
    hours = rows(lambda s: s.scalar(select(Hours).where(Hours.name == "Nights")))
    assert hours.spans == [{"days": ["sat", "sun"], "from_minute": 1320, "until_minute": 360}]
    page = client.get(f"/manage/hours/{hours.hours_id}").text
    assert 'value="22:00"' in page
    assert page.count("checked") == 2


def test_half_a_row_of_hours_is_refused(client):
    answer = send(client, "/manage/hours/new", name="x", **{"span1-days": ["sat"], "span1-start": "22:00"})
    assert answer.status_code == 422
    assert "Choose days, a start and an end" in answer.text


def test_a_make_up_day_is_added(client, compound):
    day = (compound.clock().date() + timedelta(days=9)).isoformat()
    assert send(client, "/manage/hours/days/new", day=day, kind="mon", name="Worked").status_code == 303
    assert day in client.get("/manage/gates/").text


def test_the_page_of_a_gate_waits_on_between_the_two_messages_of_its_controller(client, rows):
    send(client, "/manage/gates/garage", "/manage/gates/garage/pair")

    def commit(session):
        session.scalars(select(PairAttempt).where(PairAttempt.gate_id == "garage")).one().state = "committed"

    rows(commit)
    assert 'data-state="code"' in client.get("/manage/gates/garage").text


def test_a_pair_code_is_shown_once_and_the_twelve_characters_are_compared(client, rows):
    shown = send(client, "/manage/gates/garage", "/manage/gates/garage/pair")
    assert re.search(r'<p class="code">[A-Z0-9-]{8,9}</p>', shown.text)

    def arrive(session):
        attempt = session.scalar(select(PairAttempt))
        attempt.state, attempt.phrase, attempt.gate_public_key = "waiting", "ABCDEFGHJKLM", b"k" * 32
        attempt.nonce, attempt.sealing_public_key = b"n" * 16, b"s" * 32
        return attempt.pair_id

    pair_id = rows(arrive)
    assert "ABCD EFGH JKLM" in client.get("/manage/gates/garage").text
    send(client, "/manage/gates/garage", f"/manage/gates/pairings/{pair_id}", answer="approve")
    assert rows(lambda s: s.get_one(Gate, "garage").state) == "paired"


def test_events_have_no_names_are_filtered_and_come_in_pages(client, compound):
    first = client.get("/manage/events/?kind=access")
    assert [name for name in compound.persons if name in first.text] == []
    earlier = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    rest = client.get(earlier)
    of_an_event = '<tr><td class="keep">'  # each day has a head of its own
    assert first.text.count(of_an_event) == 50
    assert rest.text.count(of_an_event) == 20
    refused = client.get("/manage/events/?reason=pin_wrong").text
    assert "Opened" not in refused.partition("<tbody>")[2]
    assert refused.count("<tr>") > 5


def test_looking_at_a_person_asks_for_a_reason_and_the_person_can_read_it(client, compound, rows):
    path = f"/manage/events/person/{compound.persons['王芳']}"
    assert "<tbody>" not in client.get(path).text
    assert send(client, path, reason="").status_code == 422
    answer = send(client, path, reason="parcel claimed as stolen")
    assert "<tbody>" in answer.text
    entry = rows(lambda s: s.scalar(select(AuditEntry).where(AuditEntry.kind == "named_lookup")))
    assert (entry.person_id, entry.personal["reason"], entry.facts["role"]) == (
        compound.persons["王芳"],
        "parcel claimed as stolen",
        "manager",
    )


def test_why_refused_is_answered_by_the_gates_own_rules(client, compound):
    at = local(compound.clock())
    fields = {"person_id": compound.persons["王芳"], "lane_id": "north-in", "at": at}
    page = client.get("/manage/events/why").text
    data = {"csrf_token": csrf_of(page)} | fields
    answers = [client.post("/manage/events/why", data=data | {"method": m}).text for m in ("card", "qr")]
    assert "The gate would open" in answers[0]
    assert "credential_unknown" in answers[1] or "method_not_chosen" in answers[1]


def test_face_is_switched_off_for_the_whole_site(client, rows):
    send(client, "/manage/privacy", "/manage/privacy/face", face="off")
    assert not rows(lambda s: s.scalar(select(Site.face_enabled)))
    assert "Face is switched off at this compound" in compound_public(client)


def compound_public(client):
    return client.get("/privacy").text


def test_the_public_page_shows_the_notice_in_force_to_strangers(compound):
    client = compound.app.test_client()
    page = client.get("/privacy", headers={"Accept-Language": "zh"}).text
    assert "柳苑物业服务有限公司" in page
    assert "没有人必须刷脸" in page


def test_an_incomplete_notice_is_refused_beside_the_missing_part(client):
    page = client.get("/manage/privacy/notice").text
    names = re.findall(r'name="((?:zh|en)\.[a-z_]+)"', page)
    data = dict.fromkeys(names, "text") | {"zh.retention": ""}
    answer = send(client, "/manage/privacy/notice", **data)
    assert answer.status_code == 422
    assert 'id="zh.retention-wrong-1"' in answer.text


def test_language_is_kept_and_never_redirects_elsewhere(client):
    token = csrf_of(client.get("/manage/").text)
    answer = client.post("/language", data={"language": "zh", "next": "//evil.example/", "csrf_token": token})
    assert answer.headers["Location"] == "/"
    assert "实时" in client.get("/manage/").text


def test_no_page_carries_inline_code_or_style_and_all_send_a_strict_policy(client, compound):
    paths = [
        rule.rule
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.rule.startswith(("/manage", "/privacy"))
    ]
    assert len(paths) > 12
    for path in paths:
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        if answer.mimetype == "text/event-stream":  # it has no end that one could wait for
            answer.close()
            continue
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text), path


def test_errors_are_pages_without_traces(client):
    answer = client.get("/manage/people/0000000000000000")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_homes_of_another_site_are_not_found(client, rows):
    def elsewhere(session):
        site = session.scalar(select(Site))
        values = {column.name: getattr(site, column.name) for column in Site.__table__.columns}
        session.add(Site(**values | {"site_id": "other", "created_at": site.created_at + timedelta(days=1)}))
        session.flush()
        session.add(Home(home_id="h-other", site_id="other", number="1", pin_salt=b"s" * 16))

    rows(elsewhere)
    assert client.get("/manage/people/homes/h-other").status_code == 404
