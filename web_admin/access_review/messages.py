"""Mail staff and notify residents of an access review: that it begins, what is asked, and a reminder of both.

Without a mail server nothing is mailed, and pages say the same. Residents get only what they subscribed to.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.access_review.models import ReviewRow
from web_admin.access_review.rules import OF_HOMES
from web_admin.accounts.models import Role, StaffProfile, User
from web_admin.accounts.names import PREFIX
from web_admin.accounts.permissions import may
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person, Site
from web_admin.core.in_a_language import N_, texts_in
from web_admin.messages.outbox import mail_is_set_up, put_message
from web_admin.messages.subscriptions import notify, subscribed

MAIL_KIND = "access_review"
NOTICE = "access_review"
"""The switch of residents."""
PATH = "/manage/access-review"

BEGUN = N_("%(site)s: an access review has begun")
BEGUN_TEXT = N_(
    "%(count)s rows are to be confirmed: keep, suspend or ask. Your progress is kept; several people can "
    "work on it. No person is suspended because an answer is missing.\n\n%(link)s"
)
WAITS = N_("%(site)s: the access review is not finished")
WAITS_TEXT = N_(
    "%(count)s rows are without an answer. Close the review when you are done; what is left is listed and "
    "comes first the next time.\n\n%(link)s"
)
ASKED = N_("%(site)s: is this still needed?")
ASKED_TEXT = N_(
    "The property office asks whether something of yours is still needed. Please answer by %(day)s; nothing "
    "is suspended if you do not.\n\n%(link)s"
)


def mail_of_begin(session: Session, site: Site, rows: int, public_url: str, now: datetime) -> None:
    """Put down a mail to everyone who may review, where mail is set up."""
    _mail_reviewers(session, site, (BEGUN, BEGUN_TEXT), rows, public_url, now)


def mail_of_rest(session: Session, site: Site, left: int, public_url: str, now: datetime) -> None:
    """Remind everyone who may review of a round that is not finished, where mail is set up."""
    _mail_reviewers(session, site, (WAITS, WAITS_TEXT), left, public_url, now)


def notify_homes(session: Session, round_id: str, now: datetime) -> None:
    """Notify the adults of each home that has helpers or children to confirm, where they subscribed."""
    homes = select(ReviewRow.home_id).where(ReviewRow.round_id == round_id, ReviewRow.kind.in_(OF_HOMES))
    _notify_adults(session, select(Person.home_id).where(Person.home_id.in_(homes)), now)


def notify_asked(session: Session, site: Site, row: ReviewRow, public_url: str, now: datetime) -> None:
    """Notify whom a row asks: an account by mail, a person or the adults of a home where they subscribed."""
    if row.asked_whom is not None and row.asked_whom.startswith(PREFIX):
        _mail_account(session, site, row, public_url, now)
    elif row.asked_whom == "person" and row.person_id is not None:
        notify(session, row.person_id, NOTICE, now)
    elif row.home_id is not None:
        _notify_adults(session, [row.home_id], now)


def _notify_adults(session: Session, home_ids: Iterable[str] | object, now: datetime) -> None:
    found = session.scalars(
        select(Person.person_id).where(
            subscribed(),
            Person.home_id.in_(home_ids),  # type: ignore[arg-type]  # ids, or the query for them
            Person.ended_at.is_(None),
            Person.kind == "resident",
            Person.age_band == ADULT,
        )
    ).all()
    for person_id in found:
        notify(session, person_id, NOTICE, now)


def _mail_reviewers(
    session: Session, site: Site, texts: tuple[str, str], count: int, public_url: str, now: datetime
) -> None:
    if not mail_is_set_up(session, site.site_id):
        return
    accounts = session.execute(
        select(User.email, StaffProfile.language, Role.name)
        .join(User.roles)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(User.active.is_(True), User.email.is_not(None), User.person_id.is_(None))
        .order_by(User.id)
    )
    for address, language, role in accounts:
        if may("review_access", [role]):
            values = {"site": site.name, "count": str(count), "link": f"{public_url}{PATH}"}
            _put(session, site, str(address), language, texts, values, now)


def _mail_account(session: Session, site: Site, row: ReviewRow, public_url: str, now: datetime) -> None:
    if not mail_is_set_up(session, site.site_id) or row.answer_by is None:
        return
    account = session.get_one(User, int(str(row.asked_whom).removeprefix(PREFIX)))
    profile = session.get(StaffProfile, account.id)
    if account.email is None:
        return
    values = {
        "site": site.name,
        "day": row.answer_by.astimezone(ZoneInfo(site.timezone)).date().isoformat(),
        "link": f"{public_url}{PATH}/asked",
    }
    language = profile.language if profile is not None else None
    _put(session, site, account.email, language, (ASKED, ASKED_TEXT), values, now)


def _put(
    session: Session,
    site: Site,
    address: str,
    language: str | None,
    texts: tuple[str, str],
    values: dict[str, str],
    now: datetime,
) -> None:
    said = texts_in(language or site.language)
    subject, text = (said(part, **values) for part in texts)
    put_message(
        session,
        site.site_id,
        channel="mail",
        target=address,
        kind=MAIL_KIND,
        body={"subject": subject, "text": text},
        now=now,
    )
