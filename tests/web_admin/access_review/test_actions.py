"""The office keeps, suspends and asks, several people at once and over days; silence suspends no person."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.acting import at_desk, by_phone
from tests.support.compounds.access_reviews import URL, close_now
from tests.web_admin.access_review.reviewed import Compound, begin, of_kind, rows_of, seen
from web_admin.access_review.actions import answer_asked, ask, begin_round, keep, keep_several, suspend
from web_admin.access_review.models import CardMonth, ReviewRow
from web_admin.access_review.queries import all_rows, progress_of, rows_page
from web_admin.access_review.rules import Kind
from web_admin.access_review.suspending import Stop
from web_admin.accounts.models import ApiKey
from web_admin.accounts.staff import close_account
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import end_credential
from web_admin.credentials.models import EmergencyCode
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.people.actions import move_out
from web_admin.people.homes import add_home

pytestmark = pytest.mark.both_databases


def what_works(act: Action) -> dict[str, int]:
    session = act.session
    counts = {
        "cards": select(func.count()).where(CredentialRow.state == "active"),
        "people": select(func.count()).where(Person.suspended.is_(False), Person.ended_at.is_(None)),
        "keys": select(func.count()).where(ApiKey.ended_at.is_(None)),
        "codes": select(func.count()).where(EmergencyCode.state == "active"),
        "hooks": select(func.count()).where(Webhook.ended_at.is_(None)),
        "overrides": select(func.count()).where(Person.may_override.is_(True)),
    }
    return {name: session.scalar(query) or 0 for name, query in counts.items()}


@pytest.mark.wide
def test_a_round_lists_everything_that_is_to_be_confirmed_the_riskiest_first(compound: Compound) -> None:
    rows = all_rows(compound.act.session, begin(compound).round_id)
    assert Counter(row.kind for row in rows) == {
        "account": 2,
        "api_key": 1,
        "emergency_code": 1,
        "override": 1,
        "grant": 1,
        "card": 4,
        "webhook": 1,
        "helper": 1,
    }
    assert [row.place for row in rows] == list(range(1, len(rows) + 1))
    assert [row.risk for row in rows] == sorted((row.risk for row in rows), reverse=True)
    assert all(row.decision is None for row in rows)


@pytest.mark.wide
def test_no_answer_suspends_no_person_however_many_rounds_pass(compound: Compound) -> None:
    """Promise 11: a round without an answer changes nothing, and the next one lists what is left."""
    works = what_works(compound.act)
    for number in range(3):
        later = replace(compound.act, now=compound.act.now + timedelta(days=190 * number))
        of_round = begin(replace(compound, act=later))
        asked = of_kind(later, of_round, Kind.HELPER)
        assert asked.carried == number
        close_now(replace(later, now=later.now + timedelta(days=60)))
        assert what_works(compound.act) == works
    assert compound.act.session.scalar(select(func.count()).select_from(Suspension)) == 0


def test_what_was_left_is_carried_over_though_it_would_not_be_listed_any_more(compound: Compound) -> None:
    of_round = begin(compound)
    card = of_kind(compound.act, of_round, Kind.CARD)
    kept = of_kind(compound.act, of_round, Kind.WEBHOOK)
    keep(compound.act, *seen(kept))
    close_now(compound.act)
    for month in compound.act.session.scalars(select(CardMonth)):
        month.month = compound.act.now.date()  # every card is used again
    rows = rows_of(compound.act, begin_round(compound.act, URL))
    assert rows["card", card.subject_id].carried == 1
    assert rows["webhook", kept.subject_id].carried == 0


def test_what_was_left_and_has_ended_since_is_carried_no_further(compound: Compound) -> None:
    of_round = begin(compound)
    card = of_kind(compound.act, of_round, Kind.CARD)
    close_now(compound.act)
    end_credential(compound.act, card.subject_id, "returned")
    rows = rows_of(compound.act, begin_round(compound.act, URL))
    assert ("card", card.subject_id) not in rows


def test_only_the_office_works_on_a_review(compound: Compound) -> None:
    row_id, mark = seen(of_kind(compound.act, begin(compound), Kind.KEY))
    for act in (by_phone(compound.act, compound.adult.person_id), at_desk(compound.act)):
        for work in (
            lambda act: begin_round(act, URL),
            lambda act: keep(act, row_id, mark),
            lambda act: keep_several(act, [row_id]),
            lambda act: ask(act, row_id, mark, URL),
            lambda act: suspend(act, row_id, mark, Stop()),
            close_now,
        ):
            with pytest.raises(ActionRefused, match="Only the property office does this"):
                work(act)


def test_an_expired_key_is_not_listed_and_a_helper_whose_adult_left_the_home_is_no_ones(
    compound: Compound,
) -> None:
    compound.adult.home_id = add_home(compound.act, "9-0909").home_id
    compound.act.session.scalars(select(ApiKey)).one().valid_until = compound.act.now
    compound.act.session.flush()
    rows = rows_of(compound.act, begin(compound))
    assert "api_key" not in {kind for kind, _subject in rows}
    assert rows["helper", compound.helper.person_id].why == "no_one_answers"


def test_a_second_round_is_refused_while_one_runs(compound: Compound) -> None:
    begin(compound)
    with pytest.raises(ActionRefused, match="is running"):
        begin_round(compound.act, URL)


def test_of_two_accounts_that_decide_one_row_the_second_reads_that_it_moved(compound: Compound) -> None:
    of_round = begin(compound)
    row_id, mark = seen(of_kind(compound.act, of_round, Kind.KEY))
    keep(compound.act, row_id, mark)
    with pytest.raises(ActionRefused, match="worked on this row meanwhile"):
        suspend(replace(compound.act, actor_id="staff-77"), row_id, mark, Stop())
    assert what_works(compound.act)["keys"] == 1
    assert compound.act.session.get_one(ReviewRow, row_id).decided_by == compound.act.actor_id


def test_rows_that_another_account_decided_are_left_when_several_are_kept(compound: Compound) -> None:
    of_round = begin(compound)
    rows = all_rows(compound.act.session, of_round.round_id)
    keep(compound.act, *seen(rows[0]))
    gone = of_kind(compound.act, of_round, Kind.CARD)
    end_credential(compound.act, gone.subject_id, "lost")
    done = keep_several(replace(compound.act, actor_id="staff-77"), [row.row_id for row in rows])
    assert (done.kept, done.left_alone) == (len(rows) - 2, 2)
    assert rows[0].decided_by == compound.act.actor_id
    assert gone.decision == "gone"
    assert progress_of(compound.act.session, of_round.round_id).left == 0


def test_nothing_is_kept_where_nothing_is_ticked(compound: Compound) -> None:
    begin(compound)
    with pytest.raises(ActionRefused, match="Tick"):
        keep_several(compound.act, [])


def test_a_row_whose_credential_went_is_noted_as_gone_without_a_decision(compound: Compound) -> None:
    of_round = begin(compound)
    row = of_kind(compound.act, of_round, Kind.CARD)
    end_credential(compound.act, row.subject_id, "lost")
    assert not keep(compound.act, *seen(row))
    assert (row.decision, row.decided_by) == ("gone", None)
    helper = of_kind(compound.act, of_round, Kind.HELPER)
    move_out(compound.act, helper.subject_id)
    assert not suspend(compound.act, *seen(helper), Stop("asked"))
    assert helper.decision == "gone"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (Kind.KEY, "keys"),
        (Kind.CODE, "codes"),
        (Kind.WEBHOOK, "hooks"),
        (Kind.OVERRIDE, "overrides"),
    ],
)
def test_what_belongs_to_no_person_ends_by_its_own_act(compound: Compound, kind: Kind, what: str) -> None:
    row = of_kind(compound.act, begin(compound), kind)
    assert suspend(compound.act, *seen(row), Stop())
    assert what_works(compound.act)[what] == 0
    assert (row.decision, row.reason) == ("suspend", None)


def test_an_account_is_closed_and_the_last_manager_is_not(compound: Compound) -> None:
    rows = rows_of(compound.act, begin(compound))
    assert suspend(compound.act, *seen(rows["account", str(compound.guard.id)]), Stop())
    assert not compound.guard.active
    own = rows["account", compound.act.actor_id.removeprefix("staff-")]
    with pytest.raises(ActionRefused, match="your own role or account"):
        suspend(compound.act, *seen(own), Stop())
    assert own.decision is None


@pytest.mark.parametrize("reason", ["", "unpaid", "order", "danger", "other", "lost", "unanswered"])
def test_a_person_is_suspended_for_a_reason_of_the_list_alone(compound: Compound, reason: str) -> None:
    row = of_kind(compound.act, begin(compound), Kind.HELPER)
    with pytest.raises(ActionRefused):
        suspend(compound.act, *seen(row), Stop(reason))
    assert not compound.helper.suspended
    assert row.decision is None


def test_a_whole_person_is_suspended_for_a_week_at_most(compound: Compound) -> None:
    row = of_kind(compound.act, begin(compound), Kind.HELPER)
    suspend(compound.act, *seen(row), Stop("moved_out"))
    [given] = compound.act.session.scalars(select(Suspension)).all()
    assert compound.helper.suspended
    assert given.until is not None
    assert given.until <= compound.act.now + timedelta(days=7)
    assert row.reason == "moved_out"


def test_a_card_is_suspended_with_its_reason_but_not_a_last_way_in(compound: Compound) -> None:
    rows = rows_of(compound.act, begin(compound))
    own = [row for row in rows.values() if row.kind == "card" and row.person_id == compound.adult.person_id]
    suspend(compound.act, *seen(own[0]), Stop("returned"))
    assert compound.act.session.get_one(CredentialRow, own[0].subject_id).state == "suspended"
    with pytest.raises(ActionRefused, match="last way in"):
        suspend(compound.act, *seen(own[1]), Stop("returned"))
    assert compound.act.session.get_one(CredentialRow, own[1].subject_id).state == "active"


def test_a_person_who_is_asked_answers_and_the_office_decides(compound: Compound) -> None:
    rows = rows_of(compound.act, begin(compound))
    row = next(r for r in rows.values() if r.kind == "card" and r.person_id == compound.adult.person_id)
    ask(compound.act, *seen(row), URL)
    assert (row.asked_whom, row.answer_by) == ("person", compound.act.now + timedelta(days=14))
    with pytest.raises(ActionRefused, match="no such"):
        answer_asked(by_phone(compound.act, "someone"), row.row_id, "not_needed", "someone")
    helper_id, of_helper = compound.helper.person_id, rows["helper", compound.helper.person_id]
    with pytest.raises(ActionRefused, match="no such"):  # their home was asked
        answer_asked(by_phone(compound.act, helper_id), of_helper.row_id, "needed", helper_id)
    person_id = compound.adult.person_id
    answer_asked(by_phone(compound.act, person_id), row.row_id, "not_needed", person_id)
    assert (row.answer, row.decision) == ("not_needed", None)
    assert compound.act.session.get_one(CredentialRow, row.subject_id).state == "active"
    keep(compound.act, *seen(row))
    with pytest.raises(ActionRefused, match="already decided this"):
        answer_asked(by_phone(compound.act, person_id), row.row_id, "needed", person_id)


def test_the_account_that_made_something_is_asked_by_mail_where_mail_is_set_up(compound: Compound) -> None:
    act = replace(compound.act, actor_id=f"staff-{compound.guard.id}")
    of_round = begin(compound)
    row = of_kind(act, of_round, Kind.KEY)
    ask(act, *seen(row), URL)
    assert row.asked_whom == compound.act.actor_id
    assert act.session.scalars(select(OutboxMessage)).all() == []
    act.session.add(MailServer(site_id=act.site_id, host="h", port=25, security="none", sender="a@b.cd"))
    act.session.flush()
    ask(act, *seen(of_kind(act, of_round, Kind.WEBHOOK)), URL)
    [mail] = act.session.scalars(select(OutboxMessage)).all()
    assert mail.target == "m@example.org"
    assert f"{URL}/manage/access-review/asked" in str(mail.body["text"])
    answer_asked(compound.act, row.row_id, "needed", compound.act.actor_id)
    assert row.answer == "needed"


def test_no_person_is_asked_about_what_a_closed_account_made(compound: Compound) -> None:
    act = replace(compound.act, actor_id="staff-77")
    of_round = begin(compound)
    account_id = int(compound.act.actor_id.removeprefix("staff-"))
    compound.guard.roles = list(act.session.get_one(type(compound.guard), account_id).roles)
    close_account(act, account_id)
    with pytest.raises(ActionRefused, match="no one to ask"):
        ask(act, *seen(of_kind(act, of_round, Kind.CODE)), URL)


def test_a_decided_row_is_not_asked_and_a_closed_round_is_not_changed(compound: Compound) -> None:
    of_round = begin(compound)
    row = of_kind(compound.act, of_round, Kind.WEBHOOK)
    keep(compound.act, *seen(row))
    with pytest.raises(ActionRefused, match="decided already"):
        ask(compound.act, *seen(row), URL)
    with pytest.raises(ActionRefused, match="decided already"):
        suspend(compound.act, *seen(row), Stop())
    close_now(compound.act)
    for work in (keep, lambda act, *of: ask(act, *of, URL), lambda act, *of: suspend(act, *of, Stop())):
        with pytest.raises(ActionRefused, match="closed and signed"):
            work(compound.act, *seen(row))


@pytest.mark.wide
def test_rows_come_in_pages_and_a_page_beyond_the_last_is_the_last(compound: Compound) -> None:
    of_round = begin(compound)
    act = compound.act
    act.session.add_all(
        ReviewRow(
            row_id=f"more-{n}",
            round_id=of_round.round_id,
            place=100 + n,
            kind="card",
            subject_id=str(n),
            risk=1,
            why="unused",
        )
        for n in range(5000)
    )
    act.session.flush()
    first = rows_page(act.session, of_round.round_id, "left", "", 1)
    assert (len(first.rows), first.pages, first.count) == (50, 101, 5012)
    last = rows_page(act.session, of_round.round_id, "left", "", 9999)
    assert (last.page, len(last.rows)) == (101, 12)
    assert rows_page(act.session, of_round.round_id, "all", "webhook", 1).count == 1
    close_now(act)
    assert act.session.scalar(select(func.count()).where(ReviewRow.decision == "gone")) == 5000
