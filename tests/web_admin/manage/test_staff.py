"""Staff accounts: invited by a link of their own, changed by others alone, never without a manager."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.managed import PASSWORD, ROLES
from tests.support.compounds.resident import csrf_of
from web_admin.accounts import staff
from web_admin.accounts.api_keys import make_api_key
from web_admin.accounts.models import ApiKey, StaffInvitation, StaffProfile, User
from web_admin.accounts.names import shown_names
from web_admin.accounts.residents import set_resident_password
from web_admin.accounts.staff import create_staff
from web_admin.action.base import new_action
from web_admin.compound.models import Lane, Person
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.journal.models import AuditEntry
from web_admin.messages.actions import add_webhook
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.operations import housekeeping
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow

NEW_PASSWORD = "three words nobody owns"


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def account_of(rows, email):
    return rows(lambda s: s.scalars(select(User).where(User.email == email)).one())


def send(client, page_path, path=None, form=0, **data):
    """Open a page, then send one of its forms with what was typed."""
    page = client.get(page_path).text
    once = re.findall(r'name="once"[^>]*value="([^"]+)"', page)[form]
    return client.post(path or page_path, data={"csrf_token": csrf_of(page), "once": once} | data)


def invite(client, email="li@example.org", role="guard", **more):
    return send(
        client,
        "/manage/staff/new",
        email=email,
        role=role,
        shown_name="Guard at the north gate",
        language="en",
        send="screen",
        **more,
    )


def code_in(page):
    return re.search(r'<p class="code">([A-Z2-9-]+)</p>', page.text)[1]


def join(compound, code, password=NEW_PASSWORD):
    stranger = compound.app.test_client()
    with stranger.session_transaction() as session:
        session["language"] = "en"
    return send(stranger, "/staff/join", code=code, password=password)


def sign_in(compound, email, password):
    stranger = compound.app.test_client()
    page = stranger.get("/staff/sign-in")
    return stranger.post(
        "/staff/sign-in", data={"email": email, "password": password, "csrf_token": csrf_of(page.text)}
    )


def is_signed_in(client):
    return client.get("/manage/account").status_code == 200


# -- invitations -------------------------------------------------------------------------------------


def test_who_is_invited_chooses_a_password_and_sets_up_an_authenticator(client, compound, rows):
    shown = invite(client)
    code = code_in(shown)
    assert f"/staff/join?code={code}" in shown.text
    assert sign_in(compound, "li@example.org", NEW_PASSWORD).status_code == 200  # refused: no password yet
    assert join(compound, code).headers["Location"] == "/staff/sign-in"
    asked = sign_in(compound, "li@example.org", NEW_PASSWORD)
    assert asked.headers["Location"].startswith("/staff/authenticator")
    account = account_of(rows, "li@example.org")
    assert ([role.name for role in account.roles], account.active) == (["guard"], True)


def test_a_code_works_once_and_only_for_three_days(client, compound):
    code = code_in(invite(client))
    assert join(compound, code).status_code == 303
    assert "was used already" in join(compound, code).text
    other = code_in(invite(client, "wu@example.org"))
    compound.clock.now += timedelta(days=3)
    assert join(compound, other).status_code == 422


def test_a_wrong_code_and_a_weak_password_are_refused_beside_their_fields(client, compound):
    code = code_in(invite(client))
    wrong = join(compound, "AAAA-BBBB-CCCC-DDDD")
    assert 'id="code-wrong-1"' in wrong.text
    assert 'id="password-wrong-1"' in join(compound, code, "short").text
    assert 'id="password-wrong-1"' in join(compound, code, "aaaaaaaaaaaa").text
    assert join(compound, code).status_code == 303


def test_a_link_that_a_program_looks_at_is_not_used_up(client, compound):
    code = code_in(invite(client))
    page = compound.app.test_client().get(f"/staff/join?code={code}")
    assert f'value="{code}"' in page.text
    assert join(compound, code).status_code == 303


def test_a_newer_link_ends_the_older_one(client, compound, rows):
    first = code_in(invite(client))
    account = account_of(rows, "li@example.org")
    path = f"/manage/staff/{account.id}"
    second = code_in(send(client, path, f"{path}/again", form=1, send="screen"))
    assert join(compound, first).status_code == 422
    assert join(compound, second).status_code == 303


def test_with_a_mail_server_the_link_goes_by_mail_in_their_language_and_is_not_shown(client, compound, rows):
    rows(
        lambda s: s.add(
            MailServer(
                site_id=compound.site_id,
                host="127.0.0.1",
                port=25,
                security="none",
                sender="office@example.org",
            )
        )
    )
    answer = send(
        client,
        "/manage/staff/new",
        email="li@example.org",
        role="guard",
        shown_name="北门保安",
        language="zh",
        send="mail",
    )
    assert answer.status_code == 303
    message = rows(lambda s: s.scalars(select(OutboxMessage)).one())
    assert (message.target, message.channel) == ("li@example.org", "mail")
    assert "请在 3 天内打开以下地址" in message.body["text"]
    code = re.search(r"code=([A-Z2-9-]+)", message.body["text"])[1]
    assert join(compound, code).status_code == 303


@pytest.mark.parametrize("email", ["GUARD@example.org", "no-at", "a@b", "a b@example.org"])
def test_an_address_that_is_none_or_taken_is_refused_beside_it(client, email):
    answer = invite(client, email)
    assert answer.status_code == 422
    assert 'id="email-wrong-1"' in answer.text
    assert "Guard at the north gate" in answer.text


def test_sending_the_invitation_twice_invites_once(client, rows):
    page = client.get("/manage/staff/new").text
    data = {
        "csrf_token": csrf_of(page),
        "once": re.search(r'name="once"[^>]*value="([^"]+)"', page)[1],
        "email": "li@example.org",
        "role": "guard",
        "shown_name": "x",
        "language": "en",
        "send": "screen",
    }
    assert client.post("/manage/staff/new", data=data).status_code == 200
    assert client.post("/manage/staff/new", data=data).status_code == 303
    assert len(rows(lambda s: s.scalars(select(StaffInvitation)).all())) == 1


# -- roles and ends ----------------------------------------------------------------------------------


def test_another_role_holds_from_the_next_page(client, compound, rows):
    guard = compound.signed_in("guard")
    account = account_of(rows, "guard@example.org")
    assert guard.get("/manage/gates/").status_code == 403
    path = f"/manage/staff/{account.id}"
    assert send(client, path, f"{path}/role", form=0, role="installer").status_code == 303
    assert guard.get("/manage/gates/").status_code == 200
    assert guard.get("/manage/people/").status_code == 403


def test_no_member_of_staff_changes_their_own_role_or_account(client, rows):
    account = account_of(rows, "manager@example.org")
    path = f"/manage/staff/{account.id}"
    assert "Another manager" in client.get(path).text.replace("another", "Another")
    assert f"{path}/role" not in client.get(path).text
    guard = account_of(rows, "guard@example.org")
    forged = send(client, f"/manage/staff/{guard.id}", f"{path}/role", role="guard")
    assert forged.status_code == 422
    closed = send(client, f"/manage/staff/{guard.id}", f"{path}/close", form=2)
    assert closed.status_code == 303
    after = account_of(rows, "manager@example.org")
    assert ([role.name for role in after.roles], after.active) == (["manager"], True)


def test_two_managers_who_close_each_other_at_once_leave_one(compound, rows):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        menjin = current_menjin()
        with menjin.database.session() as session:
            second = create_staff(session, "manager", "second@example.org", PASSWORD).id
        first = account_of(rows, "manager@example.org").id
        with menjin.database.session() as session:
            staff.close_account(act_of(menjin, session, compound, first), second)
        with menjin.database.session() as session, pytest.raises(ActionRefused, match="last manager"):
            staff.close_account(act_of(menjin, session, compound, second), first)


def act_of(menjin, session, compound, account_id):
    return new_action(menjin, session, compound.site_id, staff.staff_id(account_id), "manager")


@pytest.mark.parametrize(
    "work",
    [
        staff.close_account,
        lambda act, account_id: staff.set_role(act, account_id, "guard"),
        staff.invite_again,
    ],
)
def test_the_last_manager_stays_at_any_request(compound, rows, work):
    manager = account_of(rows, "manager@example.org").id
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        menjin = current_menjin()
        with menjin.database.session() as session, pytest.raises(ActionRefused, match="last manager"):
            work(act_of(menjin, session, compound, 0), manager)


def test_a_closed_account_is_signed_out_at_once_and_cannot_come_back_by_its_password(client, compound, rows):
    guard = compound.signed_in("guard")
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    assert send(client, path, f"{path}/close", form=2).status_code == 303
    assert guard.get("/manage/").status_code == 302
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    assert "Closed account" in client.get(path).text
    again = code_in(send(client, path, f"{path}/again", send="screen"))
    assert join(compound, again).status_code == 303
    assert account_of(rows, "guard@example.org").active


def test_a_new_start_takes_password_and_authenticator_so_that_neither_alone_helps(client, compound, rows):
    guard = compound.signed_in("guard")
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    code = code_in(send(client, path, f"{path}/again", form=1, send="screen"))
    assert guard.get("/manage/").status_code == 302
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    join(compound, code)
    asked = sign_in(compound, "guard@example.org", NEW_PASSWORD)
    assert asked.headers["Location"].startswith("/staff/authenticator")


@pytest.mark.parametrize("key", ["999999", "abc", "0"])
def test_an_account_that_is_not_there_or_a_residents_is_not_found(client, compound, key):
    assert client.get(f"/manage/staff/{key}").status_code == 404


def test_a_residents_account_is_none_of_the_staffs(client, compound, rows):
    rows(lambda s: s.add(User(fs_uniquifier="r", person_id=compound.persons["王芳"], active=True)))
    number = rows(lambda s: s.scalars(select(User.id).where(User.person_id.is_not(None))).one())
    assert client.get(f"/manage/staff/{number}").status_code == 404


def test_what_was_done_to_accounts_is_in_the_ledger_without_addresses_among_the_facts(client, rows):
    invite(client)
    account = account_of(rows, "li@example.org")
    path = f"/manage/staff/{account.id}"
    send(client, path, f"{path}/role", form=0, role="installer")
    send(client, path, f"{path}/close", form=2)
    kinds = ("staff_invited", "staff_role_changed", "staff_closed")
    entries = rows(
        lambda s: s.scalars(
            select(AuditEntry).where(AuditEntry.kind.in_(kinds)).order_by(AuditEntry.seq)
        ).all()
    )
    assert [entry.kind for entry in entries] == list(kinds)
    assert [entry for entry in entries if "example.org" in str(entry.facts)] == []
    assert entries[0].personal["email"] == "li@example.org"


# -- the review --------------------------------------------------------------------------------------


def test_the_review_is_due_every_quarter_and_says_who_and_when(client, compound, rows):
    assert "Not reviewed yet." in client.get("/manage/staff/").text
    compound.clock.now += timedelta(days=93)
    client = compound.signed_in_again("manager")
    assert "Due since" in client.get("/manage/staff/").text
    answer = send(client, "/manage/staff/", "/manage/staff/review", note="Li left in spring.")
    assert answer.status_code == 303
    page = client.get("/manage/staff/").text
    assert "Due on" in page
    assert "by Property manager" in page
    assert "Li left in spring." in page
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "access_reviewed")).one())
    assert sorted(part.split(":")[1] for part in entry.facts["accounts"].split()) == sorted(ROLES)


def test_the_privacy_officer_reviews_but_changes_no_account(compound):
    officer = compound.signed_in("privacy_officer")
    assert send(officer, "/manage/staff/", "/manage/staff/review", note="").status_code == 303
    assert "Invite a colleague" not in officer.get("/manage/staff/").text


# -- the table of roles ------------------------------------------------------------------------------


def test_every_role_reads_who_may_do_what(compound):
    pages = [compound.signed_in(role).get("/manage/staff/roles").text for role in ROLES]
    assert [page for page in pages if "Open a lane once from here" not in page] == []


# -- one's own account -------------------------------------------------------------------------------


def test_one_chooses_the_name_that_residents_read_and_the_language_of_ones_pages(compound, rows):
    guard = compound.signed_in("guard")
    done = send(guard, "/manage/account", shown_name="北门保安", language="zh")
    assert done.status_code == 303
    assert "我的账户" in guard.get("/manage/account").text
    fresh = compound.app.test_client()
    number = account_of(rows, "guard@example.org").id
    assert rows(lambda s: shown_names(s, [f"staff-{number}", "system", None])) == {
        f"staff-{number}": "北门保安"
    }
    assert fresh.get("/manage/account").status_code == 302


def test_without_a_name_of_their_own_residents_read_the_role_and_never_an_address(compound, rows):
    numbers = rows(lambda s: [account.id for account in staff.staff_accounts(s)])
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        names = rows(lambda s: dict(shown_names(s, [f"staff-{number}" for number in numbers])))
    assert set(names.values()) == {"Property manager", "Guard", "Installer", "Privacy officer"}


def test_a_resident_reads_that_name_beside_the_reason_of_a_look(client, compound, rows):
    send(client, "/manage/account", shown_name="Office, Mrs Chen", language="en")
    person_id = compound.persons["王芳"]
    send_plain(client, f"/manage/events/person/{person_id}", reason="She asked where her card was used")
    page = resident(compound, rows, person_id).get("/r/records").text
    assert "Office, Mrs Chen" in page
    assert "She asked where her card was used" in page
    assert "manager@example.org" not in page


def send_plain(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text)} | data)


def resident(compound, rows, person_id):
    """Return a browser in which the person is signed in."""
    rows(lambda s: set_resident_password(s, s.get_one(Person, person_id), "wangfang", PASSWORD))
    browser = compound.app.test_client()
    with browser.session_transaction() as session:
        session["language"] = "en"
    assert send_plain(browser, "/r/sign-in", name="wangfang", password=PASSWORD).status_code in (302, 303)
    return browser


def test_another_password_needs_the_old_one_and_signs_every_other_browser_out(compound):
    here, elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    wrong = send(
        here,
        "/manage/account",
        "/manage/account/password",
        form=1,
        current="not it at all",
        password=NEW_PASSWORD,
    )
    assert 'id="current-wrong-1"' in wrong.text
    assert is_signed_in(elsewhere)
    done = send(
        here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=NEW_PASSWORD
    )
    assert done.status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    assert sign_in(compound, "guard@example.org", NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "password", ["un été très tranquille", "ﬁve ﬂat ﬁelds", "Ｗｉｄｅ　ｌｅｔｔｅｒｓ", " at both ends "]
)
def test_a_password_counts_exactly_as_typed(compound, password):
    here = compound.signed_in("guard")
    saved = send(
        here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=password
    )
    assert saved.status_code == 303
    for changed in (password[:-1], password.swapcase(), password.strip() + "."):
        assert sign_in(compound, "guard@example.org", changed).status_code == 200
    assert sign_in(compound, "guard@example.org", password).status_code == 302


def test_staff_see_their_sessions_and_end_another_by_their_password(compound):
    here, elsewhere, third = (
        compound.signed_in("guard"),
        compound.signed_in_again("guard"),
        compound.signed_in_again("guard"),
    )
    page = here.get("/manage/account").text
    marks = re.findall(r'name="session" value="([0-9a-f]{32})"', page)
    assert (len(marks), page.count("This browser")) == (2, 1), "this browser is signed out by its own button"
    colleague = compound.signed_in("manager")
    compound.signed_in_again("manager")
    send(
        colleague,
        "/manage/account",
        "/manage/account/sessions",
        form=2,
        own_password=PASSWORD,
        session=marks[0],
    )
    assert is_signed_in(elsewhere) and is_signed_in(third), "no one ends the session of another account"
    wrong = send(
        here,
        "/manage/account",
        "/manage/account/sessions",
        form=2,
        own_password="not it at all",
        session=marks[0],
    )
    assert (wrong.status_code, is_signed_in(elsewhere), is_signed_in(third)) == (422, True, True)
    done = send(
        here, "/manage/account", "/manage/account/sessions", form=2, own_password=PASSWORD, session=marks[0]
    )
    assert done.status_code == 303
    assert is_signed_in(here)
    assert sorted([is_signed_in(elsewhere), is_signed_in(third)]) == [False, True]
    assert len(re.findall(r'name="session"', here.get("/manage/account").text)) == 1


def test_what_signs_every_browser_out_leaves_none_in_the_list(compound):
    here, _elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    send(here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=NEW_PASSWORD)
    page = here.get("/manage/account").text
    assert (page.count("This browser"), 'name="session"' in page) == (1, False)


def test_signing_out_everywhere_ends_every_session_this_one_too(compound):
    here, elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    assert send(here, "/manage/account", "/manage/account/sign-out", form=-1).status_code == 303
    assert not is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_the_day_of_the_last_sign_in_is_kept_and_nothing_finer(client, compound, rows):
    number = account_of(rows, "manager@example.org").id
    profile = rows(lambda s: s.get(StaffProfile, number))
    assert profile.last_sign_in_on.isoformat()[:4] == str(compound.clock.now.year)
    assert not hasattr(profile.last_sign_in_on, "hour")


def test_address_and_name_of_a_closed_account_go_when_the_ledger_forgets(client, compound, rows):
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    send(client, path, f"{path}/close", form=2)
    with compound.app.app_context():
        menjin = current_menjin()
        housekeeping.run(menjin, compound.clock.now + timedelta(days=180))
        assert rows(lambda s: s.get(User, account.id).email) == "guard@example.org"
        housekeeping.run(menjin, compound.clock.now + timedelta(days=181))
        assert rows(lambda s: s.get(User, account.id).email) is None
        assert account_of(rows, "manager@example.org").active


def as_guard_became_manager(compound, rows, make):
    """Let a second manager make things, and return their account."""
    account = account_of(rows, "guard@example.org")
    with compound.app.test_request_context("/"), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(),
            session,
            compound.site_id,
            staff.staff_id(account.id),
            "manager",
            now=compound.clock(),
        )
        make(act)
    return account


def all_kinds(act):
    """Make one of each thing that works without its author."""
    make_api_key(act, name="parking", scopes=["people:read"], valid_until=act.now + timedelta(days=90))
    add_webhook(act, name="alarm centre", url="https://alarm.example", kinds=["alarm_raised"], local_ports=())
    issue_pass(act, issuer_person_id=None, label="painter", gate_numbers=[1])
    make_emergency_code(act, label="ambulance B", lanes=[pin_lane(act)], hold_minutes=0)


def pin_lane(act):
    lanes = act.session.scalars(select(Lane).order_by(Lane.lane_id))
    return next(lane.lane_id for lane in lanes if "pin" in lane.methods)


def still_working(rows):
    """Return which of the things still work."""

    theirs = select(EmergencyCode).where(EmergencyCode.label == "ambulance B")

    def read(session):
        return {
            "key": session.scalars(select(ApiKey)).one().ended_at is None,
            "webhook": session.scalars(select(Webhook)).one().ended_at is None,
            "pass": session.scalars(select(VisitorPassRow).where(VisitorPassRow.label == "painter"))
            .one()
            .withdrawn_at
            is None,
            "code": session.scalars(theirs).one().state != "ended",
        }

    return rows(read)


def test_keys_and_passes_of_a_closed_account_end_and_the_rest_is_handed_over(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"
    page = client.get(path).text
    named = [name for name in ("parking", "alarm centre", "painter", "ambulance B") if name in page]
    assert named == ["parking", "alarm centre", "painter", "ambulance B"], "the page lists nothing of it"
    send(client, path, f"{path}/close", form=2, hand_over=["webhooks", "codes"])
    assert still_working(rows) == {"key": False, "webhook": True, "pass": False, "code": True}
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "staff_work_settled")).one())
    assert (entry.facts["ended"], entry.facts["handed_over"]) == ("keys passes", "webhooks codes")
    author = select(EmergencyCode.author_id).where(EmergencyCode.label == "ambulance B")
    assert rows(lambda s: s.scalars(author).one()) == entry.facts["actor_id"]


def test_what_an_account_left_that_was_closed_before_is_named_and_ended(client, compound, rows):
    account = as_guard_became_manager(compound, rows, all_kinds)
    path = f"/manage/staff/{account.id}"
    send(client, path, f"{path}/close", form=2, hand_over=["keys", "passes", "webhooks", "codes"])
    assert set(still_working(rows).values()) == {True}
    assert "alarm centre" in client.get(path).text
    send(client, path, f"{path}/close", form=1)
    assert still_working(rows) == {"key": True, "webhook": False, "pass": True, "code": True}
