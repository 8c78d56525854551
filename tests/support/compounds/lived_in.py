"""The manager's compound with people in every state: who agreed, took back, asked, was invited again."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import DAY_KINDS, WEEKDAYS, Span
from tests.support.compounds.access_reviews import review_twice
from tests.support.compounds.assessments import assess
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET, ManagedCompound
from web_admin.access_review.models import ReviewRound
from web_admin.accounts.models import User
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action, new_action
from web_admin.calls.sign_links import sign_text
from web_admin.compound.models import CalendarDay, Gate, Hours, Person, Site
from web_admin.compound.place_models import Place
from web_admin.core.database import current_menjin
from web_admin.core.job_models import LongJob
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.models import Consent, FaceLook, LookOffer, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.guardian_requests import ask_guardians
from web_admin.face.models import AssessmentRow, GuardianRequest
from web_admin.gates.hours import save_hours
from web_admin.gates.schedules import set_schedule
from web_admin.later.acts import HELD, KIND, Sent, plan_act
from web_admin.later.past import Change, Done, keep
from web_admin.operations.jobs import put_job
from web_admin.people.actions import add_person
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.print_models import PrintRun
from web_admin.people.print_runs import begin_run, make_part
from web_admin.privacy.audits import begin_audit
from web_admin.privacy.contact import save_contact
from web_admin.privacy.disclosures import DisclosureRequest, record_disclosure
from web_admin.privacy.incidents import open_incident, save_parts
from web_admin.privacy.models import ComplianceAudit, Incident, RightsRequest
from web_admin.privacy.report import Words, closed_periods, publish_report
from web_admin.privacy.requests import file_request
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.weekly import issue_series
from web_admin.web.links import pass_link

RESIDENTS = {
    "resident": "王芳",
    "resident_with_code": "周明",
    "resident_with_face": "赵敏",
    "resident_without_face_again": "刘洋",
    "resident_invited_again": "孙晓",
    "resident_newly_invited": "陈立",
    "resident_at_gate": "Ana Ruiz",
    "guardian": "林薇",
    "minor": "林宝",
    "called": "吴静",
}
"""Owners of the phones in the gallery, by the word that states use."""

NEWLY_INVITED = ("resident_newly_invited", "resident_at_gate", "resident_invited_again")
"""Have not shown their card yet."""


def act_in(compound: ManagedCompound, session: Session, actor_id: str, channel: str = "system") -> Action:
    """Return an action in this compound, in an open transaction."""
    menjin = current_menjin()
    return new_action(menjin, session, compound.site_id, actor_id, channel, now=compound.clock())  # type: ignore[arg-type]  # a word of Channel


def live_in(compound: ManagedCompound) -> dict[str, str]:
    """Act as people who choose, agree, withdraw and ask; return an invitation for each phone."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = act_in(compound, session, "tests")
        create_staff(session, "guard", "newcomer@example.org", PASSWORD)
        create_staff(session, "guard", "desk@example.org", PASSWORD, TOTP_SECRET)
        home_id = session.get_one(Person, compound.persons["林薇"]).home_id
        for index, name in enumerate(("林宝", "林贝")):
            child = add_person(act, display_name=name, home_id=home_id, age_band="14_17")
            issue_card(act, child.person_id, 4_200_098 + index)
            compound.persons[name] = child.person_id
        version = session.scalars(select(Notice.version).where(Notice.language == "zh")).one()
        for name in ("赵敏", "刘洋"):
            own = act_in(compound, session, compound.persons[name], "phone")
            give_face_consent(own, compound.persons[name], version, "zh")
        own = act_in(compound, session, compound.persons["刘洋"], "phone")
        withdraw_face(own, compound.persons["刘洋"])
        _give_looks(act, compound.persons["赵敏"])
        choose_methods(act, compound.persons["周明"], ("card", "qr"))
        issue_pin(act, compound.persons["林薇"])
        choose_methods(act, compound.persons["林薇"], ("card", "pin"))
        ward_id = compound.persons["林贝"]
        at_gate = act_in(compound, session, ward_id, "gate")
        give_face_consent(at_gate, ward_id, version, "zh", guardian_id=compound.persons["林薇"])
        son_id = compound.persons["林宝"]
        asking = act_in(compound, session, son_id, "phone")
        ask_guardians(asking, son_id, [compound.persons["林薇"]], version, "zh")
        guest = act_in(compound, session, compound.persons["王芳"], "phone")
        issue_pass(guest, issuer_person_id=compound.persons["王芳"], label="李阿姨", gate_numbers=[1])
        issue_series(
            guest,
            issuer_person_id=compound.persons["王芳"],
            label="钟点工",
            gate_numbers=[1],
            days=["mon", "thu"],
            starts_minute=480,
            ends_minute=720,
            last_day=(guest.now + timedelta(days=60)).date(),
        )
        file_request(guest, compound.persons["王芳"], "correction", subject="name", wanted="王芬")
        assess(act, reviewed="The camera closes after eight seconds.")
        manager = session.scalars(select(User).where(User.email == "manager@example.org")).one()
        office = act_in(compound, session, f"staff-{manager.id}", "manager")
        issue_series(
            office,
            issuer_person_id=None,
            label="电梯维保",
            gate_numbers=[1],
            days=["tue"],
            starts_minute=540,
            ends_minute=720,
            last_day=(office.now + timedelta(days=60)).date(),
        )
        _schedule(office)
        _leave_a_sheet_half_read(office)
        _plan_acts(office, manager.id, compound.persons["王芳"])
        make_part(office, begin_run(office, "invitations", ["5"]).run_id)
        publish_to_residents(office, compound.persons["王芳"])
        review_twice(office, compound.persons["吴静"])
        accept_invitation(session, act.sealer, invite(act, compound.persons["孙晓"]), act.now)
        _fetch_policies(session)
        return {who: invite(act, compound.persons[name]) for who, name in RESIDENTS.items()}


def _fetch_policies(session: Session) -> None:
    """Have each gate say that it knows what is published to it."""
    session.flush()
    for gate in session.scalars(select(Gate).where(Gate.state == "paired")):
        gate.have_epoch = session.get_one(Site, gate.site_id).epoch
        gate.have_version = gate.published_version


def _give_looks(act: Action, person_id: str) -> None:
    """Leave two looks of a person at a gate, another that it has yet to delete, and an offer of a fourth."""
    consents = select(Consent.consent_id).where(Consent.person_id == person_id)
    consent_id = act.session.scalars(consents).one()
    for number, days in enumerate((400, 60, 3), start=1):
        act.session.add(
            FaceLook(
                gate_id="north",
                look_id=f"{number:016x}",
                consent_id=consent_id,
                taken_at=act.now - timedelta(days=days),
                dropped_at=act.now if days == 60 else None,
            )
        )
    act.session.add(LookOffer(consent_id=consent_id, misses=0, offered_at=act.now, is_off=False))


def _schedule(act: Action) -> None:
    """Hold a lane open nearly all day, and shut it at night on work days."""
    market = save_hours(act, None, "集市 Market", [Span(DAY_KINDS, 0, 1439)])
    night = save_hours(act, None, "夜间 Night", [Span(WEEKDAYS[:5], 1439, 300)])
    set_schedule(act, "north-in", market.hours_id, "held_open")
    set_schedule(act, "north-in", night.hours_id, "lockdown")


def _plan_acts(act: Action, account_id: int, person_id: str) -> None:
    """Plan other hours for next week, and rights that wait for a person since this morning."""
    hours_id = act.session.scalars(select(Hours.hours_id).where(Hours.name == "保洁时段")).one()
    said = {"zh": ("1 人不能再从北门进入。",), "en": ("1 person can no longer enter by 北门.",)}
    fields = (("name", "保洁时段"), ("span1-days", "mon"), ("span1-start", "07:00"), ("span1-end", "12:00"))
    path, args = f"/manage/hours/{hours_id}", {"hours_id": hours_id}
    hours = Sent(account_id, "hours.edit", path, args, fields, sentences=said)
    plan_act(act, hours, act.now + timedelta(days=5))
    path, args = f"/manage/people/{person_id}/grants", {"person_id": person_id}
    plan_act(
        act,
        Sent(account_id, "person.grants", path, args, (), sentences=said),
        act.now,
    )
    act.session.flush()
    span = {"days": list(WEEKDAYS), "from_minute": 480, "until_minute": 1080}
    was = {"name": "保洁时段", "spans": [span]}
    keep(act, Done("hours.edit", {"hours_id": hours_id}, {hours_id: Change(was, was | {"spans": []})}))
    is_due = select(LongJob.job_id).where(LongJob.kind == KIND, LongJob.claimed_until <= act.now)
    for job_id in act.session.scalars(is_due).all():
        row = act.session.get_one(LongJob, job_id)
        row.state, row.result = HELD, {**row.result, "why": "more"}


def _leave_a_sheet_half_read(act: Action) -> None:
    """Simulate another thread at work on a long sheet, by this clock."""
    job_id = put_job(
        act.session,
        act.sealer,
        act.site_id,
        kind="import_people",
        author_id=act.actor_id,
        payload=b"",
        total=2000,
        now=act.now,
    )
    job = act.session.get_one(LongJob, job_id)
    job.state, job.claim, job.claimed_until = "running", "another", act.now + timedelta(minutes=3)


def publish_to_residents(act: Action, person_id: str) -> None:
    """Name who is responsible, publish two reports, answer the police, begin an audit, record an incident."""
    site = act.session.get_one(Site, act.site_id)
    site.created_at = act.now - timedelta(days=2 * 366)
    channels = {"zh": "区市场监督管理局，电话 12315", "en": "Market supervision bureau, telephone 12315"}
    save_contact(act, name="秦女士", contact="021-5555 0101", channels=channels)
    words = Words("业主委员会", "北门早高峰太慢，希望增加一个读卡器。", "下半年在北门增加读卡器。")
    for period in reversed(closed_periods(site, act.now)[:2]):
        publish_report(act, period, words, current_menjin().config)
    today = act.now.date()
    asked = ("区公安分局", "调取证据通知书 17 号", "北门的通行记录", "given", "刑事诉讼法第五十四条")
    record_disclosure(act, DisclosureRequest(*asked, person_id, today, today), "manager")
    begin_audit(
        act,
        current_menjin().config,
        auditor="区网信办推荐的审计机构",
        is_independent=True,
        scope="1. 告知与同意\n2. 未成年人的数据",
    )
    incident = open_incident(act, act.now - timedelta(hours=5), large=True)
    save_parts(act, incident.incident_id, {"data_kinds": "访客登记表一页", "contact": "021-5555 0101"})


def words_of(compound: ManagedCompound) -> dict[str, str]:
    """Return the ids that paths name."""
    with compound.app.test_request_context(), current_menjin().database.session() as session:
        person = session.get_one(Person, compound.persons["王芳"])
        own_pass = session.scalars(
            select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person.person_id)
        ).one()
        consents = {
            row.person_id: row.consent_id
            for row in session.scalars(select(Consent).where(Consent.purpose == FACE_PURPOSE))
        }
        assessments = session.scalars(
            select(AssessmentRow.assessment_id).order_by(AssessmentRow.number)
        ).all()
        return {
            "person": person.person_id,
            "home": str(person.home_id),
            "other": compound.persons["吴静"],
            "captain": compound.persons["保安队长"],
            "ward": compound.persons["林贝"],
            "day": session.scalars(select(CalendarDay.day).limit(1)).one().isoformat(),
            "hours": session.scalars(select(Hours.hours_id).where(Hours.name == "保洁时段")).one(),
            "assessment": assessments[-1],
            "place": session.scalars(select(Place.place_id).where(Place.kind == "garage")).one(),
            "older": assessments[0],
            "office_pass": session.scalars(
                select(VisitorPassRow.pass_id).where(VisitorPassRow.issuer_person_id.is_(None))
            ).one(),
            "import_job": session.scalars(
                select(LongJob.job_id).where(LongJob.kind == "import_people")
            ).one(),
            "audit": session.scalars(select(ComplianceAudit.audit_id)).one(),
            "incident": session.scalars(select(Incident.incident_id)).one(),
            "request": session.scalars(select(RightsRequest.request_id)).one(),
            "weekly": session.scalars(
                select(VisitorSeriesRow.series_id).where(VisitorSeriesRow.issuer_person_id.is_not(None))
            ).one(),
            "office_weekly": session.scalars(
                select(VisitorSeriesRow.series_id).where(VisitorSeriesRow.issuer_person_id.is_(None))
            ).one(),
            "account": str(session.scalars(select(User.id).where(User.email == "guard@example.org")).one()),
            "card_number": "4200000",
            "own_pass": own_pass.pass_id,
            "review_round": session.scalars(
                select(ReviewRound.round_id).where(ReviewRound.closed_at.is_not(None))
            ).one(),
            "print_run": session.scalars(select(PrintRun.run_id)).one(),
            "courier_sign": f"/c/{sign_text(current_menjin().sealer, session.get_one(Gate, 'north'))}",
            "visitor_link": "/v/" + pass_link(own_pass).partition("/v/")[2],
            "consent": consents[compound.persons["赵敏"]],
            "withdrawn": consents[compound.persons["刘洋"]],
            "guardian_request": session.scalars(select(GuardianRequest.request_id)).one(),
        }
