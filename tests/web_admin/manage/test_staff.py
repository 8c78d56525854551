"""Staff accounts: invited by a link of their own, changed by others alone, never without a manager."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.managed import PASSWORD, ROLES
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.staff_accounts import (
    NEW_PASSWORD,
    account_of,
    invite,
    send,
    sign_in,
)
from web_admin.accounts.models import StaffInvitation, User
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import MailServer, OutboxMessage


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def code_in(page):
    return re.search(r'<p class="code">([A-Z2-9-]+)</p>', page.text)[1]


def join(compound, code, password=NEW_PASSWORD):
    stranger = compound.app.test_client()
    with stranger.session_transaction() as session:
        session["language"] = "en"
    return send(stranger, "/staff/join", code=code, password=password)


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


def test_the_privacy_officer_reads_for_a_week_which_account_is_no_second_one_beside_another(
    client, compound, rows
):
    invite(client)
    page = f"/manage/staff/{account_of(rows, 'li@example.org').id}"
    assert "No second account beside" in compound.signed_in("privacy_officer").get(page).text
    compound.clock.now += timedelta(days=7, minutes=1)
    assert "No second account beside" not in compound.signed_in_again("privacy_officer").get(page).text


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
    second = code_in(done(client, send(client, path, f"{path}/again", form=1)))
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
        send="screen",  # as a form of an older version has it
    )
    assert answer.status_code == 303
    message = rows(lambda s: s.scalars(select(OutboxMessage)).one())
    assert (message.target, message.channel) == ("li@example.org", "mail")
    assert "请在 3 天内打开以下地址" in message.body["text"]
    code = re.search(r"code=([A-Z2-9-]+)", message.body["text"])[1]
    account = f"/manage/staff/{account_of(rows, 'li@example.org').id}"
    assert "has not gone out" not in client.get(account).text
    rows(lambda s: setattr(s.scalars(select(OutboxMessage)).one(), "trouble", "mail_refused_550"))
    page = " ".join(client.get(account).text.split())
    assert "The mail with it has not gone out: The mail server refused it with code 550." in page
    assert join(compound, code).status_code == 303


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_closed_account_is_signed_out_at_once_and_cannot_come_back_by_its_password(client, compound, rows):
    guard = compound.signed_in("guard")
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    assert done(client, send(client, path, f"{path}/close", form=2)).status_code == 303
    assert guard.get("/manage/").status_code == 302
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    assert "Closed account" in client.get(path).text
    again = code_in(done(client, send(client, path, f"{path}/again")))
    assert join(compound, again).status_code == 303
    assert account_of(rows, "guard@example.org").active


def test_a_new_start_takes_password_and_authenticator_so_that_neither_alone_helps(client, compound, rows):
    guard = compound.signed_in("guard")
    account = account_of(rows, "guard@example.org")
    path = f"/manage/staff/{account.id}"
    code = code_in(done(client, send(client, path, f"{path}/again", form=1)))
    assert guard.get("/manage/").status_code == 302
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    join(compound, code)
    asked = sign_in(compound, "guard@example.org", NEW_PASSWORD)
    assert asked.headers["Location"].startswith("/staff/authenticator")


def test_a_residents_account_is_none_of_the_staffs(client, compound, rows):
    rows(lambda s: s.add(User(fs_uniquifier="r", person_id=compound.persons["王芳"], active=True)))
    number = rows(lambda s: s.scalars(select(User.id).where(User.person_id.is_not(None))).one())
    assert client.get(f"/manage/staff/{number}").status_code == 404


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
