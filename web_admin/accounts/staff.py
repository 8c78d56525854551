"""Actions on staff accounts: invite, change role, close, reset, and review rights.

No one types a password for another person: an account begins, and is reset, with a one-time code that
its owner uses within three days. No one changes their own role or state, and one manager always stays.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from flask_babel import lazy_gettext as _l
from flask_security import hash_password
from flask_security.utils import verify_password
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from web_admin.accounts.authenticator import seal_totp_secret
from web_admin.accounts.models import AccessReview, Role, StaffInvitation, StaffProfile, User
from web_admin.accounts.open_sessions import end_all_sessions, end_one_session
from web_admin.accounts.passwords import check_password, names_of_the_place
from web_admin.accounts.permissions import STAFF_ROLES
from web_admin.action.base import Action, begin, checked_text, make_code, new_id, office_only, record
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import code_digest
from web_admin.journal.models import AuditEntry

FOR_THE_OFFICE = _("Staff accounts are changed by the property manager only.")

INVITATION_LIVES = timedelta(days=3)
ACCOUNT_IS_NEW = timedelta(days=7)
"""So long an account is no second one beside the account that made it: its maker may have read its link."""
CODE_GROUPS = 4
REVIEW_EVERY = timedelta(days=92)
MAX_SHOWN_NAME_CHARS = 40
MAX_NOTE_CHARS = 500


def staff_id(account_id: int) -> str:
    """Return the id under which journals name an account."""
    return f"staff-{account_id}"


def staff_accounts(session: Session) -> Sequence[User]:
    """Return every staff account, closed ones too, by e-mail."""
    return session.scalars(select(User).where(User.person_id.is_(None)).order_by(User.email)).all()


def role_of(account: User) -> str:
    """Return an account's role, "" for none."""
    return account.roles[0].name if account.roles else ""


def profile_of(session: Session, account_id: int) -> StaffProfile | None:
    """Return the profile of an account; None for an account older than profiles."""
    return session.get(StaffProfile, account_id)


def made_profile(session: Session, account_id: int, now: datetime, added_by: str) -> StaffProfile:
    """Return the profile of an account, created now if there is none."""
    profile = profile_of(session, account_id)
    if profile is None:
        profile = StaffProfile(account_id=account_id, added_at=now, added_by=added_by)
        session.add(profile)
        session.flush()
    return profile


# -- joining ---------------------------------------------------------------------------------------


def invite_staff(act: Action, *, email: str, role: str, shown_name: str, language: str) -> tuple[User, str]:
    """Add an account that cannot be used yet; return it with the code that lets its owner begin."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    address = _checked_email(act.session, email)
    name = checked_text("shown_name", shown_name, max_chars=MAX_SHOWN_NAME_CHARS)
    if role not in STAFF_ROLES:
        raise ActionRefused("role", _("There is no such role."))
    account = User(
        email=address,
        active=False,
        fs_uniquifier=secrets.token_hex(32),
        roles=[staff_role(act.session, role)],
    )
    act.session.add(account)
    act.session.flush()
    profile = made_profile(act.session, account.id, act.now, act.actor_id)
    profile.shown_name, profile.language = name, language
    record(
        act,
        "staff_invited",
        {"account_id": account.id, "role": role},
        personal={"email": address, "shown_name": name},
    )
    return account, _fresh_code(act, account.id)


def invite_again(act: Action, account_id: int) -> str:
    """Take password, authenticator and every open session away; return the code for a new start.

    For a lost phone, a forgotten password and a closed account alike: an authenticator alone is never
    reset, because a thief of the password could then set up their own.
    """
    begin(act)
    account = _changeable(act, account_id)
    if act.channel != "system":  # the server's operator may reset the only manager
        _keep_one_manager(act, account)
    lock_out(account)
    made_profile(act.session, account_id, act.now, act.actor_id).closed_at = None
    record(act, "staff_invited_again", {"account_id": account_id})
    return _fresh_code(act, account_id)


def _fresh_code(act: Action, account_id: int) -> str:
    code = make_code(CODE_GROUPS)
    act.session.execute(
        delete(StaffInvitation).where(
            StaffInvitation.account_id == account_id, StaffInvitation.used_at.is_(None)
        )
    )
    act.session.add(
        StaffInvitation(
            invitation_id=new_id(),
            account_id=account_id,
            code_digest=code_digest(act.sealer, code),
            created_at=act.now,
            expires_at=act.now + INVITATION_LIVES,
        )
    )
    act.session.flush()
    return code


def join(act: Action, code: str, password: str) -> User:
    """Use a code up and set the password of its account; the authenticator follows at the first sign-in."""
    begin(act)
    invitation = act.session.scalar(
        select(StaffInvitation)
        .where(
            StaffInvitation.code_digest == code_digest(act.sealer, code), StaffInvitation.used_at.is_(None)
        )
        .with_for_update()
    )
    if invitation is None or invitation.expires_at <= act.now:
        raise ActionRefused(
            "code", _("This code is not known, was used already, or is older than three days.")
        )
    account = act.session.get_one(User, invitation.account_id)
    check_password(password, (account.email or "", *names_of_the_place(act.session)))
    account.password = hash_password(password)
    account.active = True
    end_all_sessions(account)
    invitation.used_at = act.now
    record(act, "staff_joined", {"account_id": account.id})
    return account


def _checked_email(session: Session, email: str) -> str:
    address = email.strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and "." in host) or len(address) > 200 or len(address.split()) > 1 or "@" in host:
        raise ActionRefused("email", _("This is not an e-mail address."))
    if session.scalar(select(User.id).where(func.lower(User.email) == address)) is not None:
        raise ActionRefused("email", _("This e-mail address already has an account."))
    return address


def linked_accounts(act: Action, account_name: str) -> frozenset[str]:
    """Return the names of accounts that may be in the same hand: one made, opened or changed another lately.

    Names are those of the ledger (`staff_id`), `account_name` among them.
    """
    rows = act.session.execute(
        select(AuditEntry.facts).where(
            AuditEntry.site_id == act.site_id,
            AuditEntry.kind.in_(
                ("staff_invited", "staff_invited_again", "staff_reopened", "staff_role_changed")
            ),
            AuditEntry.at > act.now - ACCOUNT_IS_NEW,
        )
    )
    pairs = [
        {str(facts["actor_id"]), f"staff-{facts['account_id']}"}
        for (facts,) in rows
        if str(facts["actor_id"]).startswith(
            "staff-"
        )  # the server's operator makes accounts for several people
    ]
    linked = {account_name}
    while more := [pair for pair in pairs if pair & linked and not pair <= linked]:
        linked.update(*more)
    return frozenset(linked)


# -- roles and ends --------------------------------------------------------------------------------


def set_role(act: Action, account_id: int, role: str) -> None:
    """Give an account another role; it holds from its owner's next page."""
    begin(act)
    account = _changeable(act, account_id)
    if role not in STAFF_ROLES:
        raise ActionRefused("role", _("There is no such role."))
    before = role_of(account)
    if role == before:
        return
    if role != "manager":
        _keep_one_manager(act, account)
    account.roles = [staff_role(act.session, role)]
    record(act, "staff_role_changed", {"account_id": account_id, "before": before, "role": role})


def close_account(act: Action, account_id: int) -> None:
    """End an account at once: no sign-in, every open session ends; what it did stays in the journal.

    Its password and authenticator are of no use any more, and are erased a day later (`retention`).
    """
    begin(act)
    account = _changeable(act, account_id)
    _keep_one_manager(act, account)
    account.active = False
    end_all_sessions(account)
    made_profile(act.session, account_id, act.now, act.actor_id).closed_at = act.now
    act.session.execute(
        delete(StaffInvitation).where(
            StaffInvitation.account_id == account_id, StaffInvitation.used_at.is_(None)
        )
    )
    record(act, "staff_closed", {"account_id": account_id})


def reopen_account(act: Action, account_id: int) -> None:
    """Let an account sign in again that was closed by mistake; raise ActionRefused where it is too late."""
    begin(act)
    account = _changeable(act, account_id)
    if account.active:
        return
    if account.password is None:
        raise ActionRefused(None, _("Its password is erased already. Make a link for a new start."))
    account.active = True
    made_profile(act.session, account_id, act.now, act.actor_id).closed_at = None
    record(act, "staff_reopened", {"account_id": account_id})


def lock_out(account: User) -> None:
    """Take password, authenticator and every open session of an account away."""
    account.active = False
    account.password = account.tf_primary_method = account.tf_totp_secret = account.last_totp_counter = None
    end_all_sessions(account)


def _changeable(act: Action, account_id: int) -> User:
    office_only(act, FOR_THE_OFFICE)
    account = act.session.get(User, account_id)
    if account is None or account.person_id is not None:
        raise ActionRefused(None, _("There is no such account."))
    if act.actor_id == staff_id(account_id):
        raise ActionRefused(None, _("You cannot change your own role or account. Another manager can."))
    return account


def _keep_one_manager(act: Action, account: User) -> None:
    others = (
        select(func.count(User.id))
        .join(User.roles)
        .where(Role.name == "manager", User.active.is_(True), User.id != account.id)
    )
    if role_of(account) == "manager" and account.active and not act.session.scalar(others):
        raise ActionRefused(None, _("This is the last manager. Make another person a manager first."))


# -- one's own account -----------------------------------------------------------------------------


def set_own_profile(act: Action, account: User, shown_name: str, language: str) -> None:
    """Set the own name that residents read, and the language of the own pages."""
    begin(act)
    name = checked_text("shown_name", shown_name, max_chars=MAX_SHOWN_NAME_CHARS)
    profile = made_profile(act.session, account.id, act.now, act.actor_id)
    profile.shown_name, profile.language = name, language
    record(act, "staff_profile_changed", {"account_id": account.id}, personal={"shown_name": name})


def change_own_password(act: Action, account: User, current: str, password: str) -> None:
    """Set another password and end every session; the caller signs this browser in again."""
    begin(act)
    if account.password is None or not verify_password(current, account.password):
        raise ActionRefused("current", _("This is not your password."))
    check_password(password, (account.email or "", *names_of_the_place(act.session)))
    account.password = hash_password(password)
    end_all_sessions(account)
    record(act, "staff_password_changed", {"account_id": account.id})


def sign_out_everywhere(act: Action, account: User) -> None:
    """End every session of an account, this one too."""
    begin(act)
    end_all_sessions(account)
    record(act, "staff_signed_out", {"account_id": account.id})


def end_own_session(act: Action, account: User, current: str, mark: str) -> None:
    """End one other session of the own account, by the password; one that is over already is no refusal."""
    begin(act)
    if account.password is None or not verify_password(current, account.password):
        raise ActionRefused("own_password", _("This is not your password."))
    if end_one_session(act.session, account.id, mark):
        record(act, "staff_session_ended", {"account_id": account.id})


# -- the review of rights --------------------------------------------------------------------------


def record_review(act: Action, note: str) -> AccessReview:
    """Write down that every account and its role was looked at, with what they were."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    if len(note) > MAX_NOTE_CHARS:
        raise ActionRefused("note", _("Please use at most %(count)s characters.", count=MAX_NOTE_CHARS))
    open_accounts = [account for account in staff_accounts(act.session) if account.active]
    review = AccessReview(
        review_id=new_id(),
        site_id=act.site_id,
        reviewed_at=act.now,
        reviewer_id=act.actor_id,
        accounts=len(open_accounts),
        note=note.strip(),
    )
    act.session.add(review)
    held = " ".join(f"{account.id}:{role_of(account)}" for account in open_accounts)
    record(act, "access_reviewed", {"review_id": review.review_id, "accounts": held})
    return review


def last_review(session: Session, site_id: str) -> AccessReview | None:
    """Return the newest review of the site's accounts."""
    newest = select(AccessReview).where(AccessReview.site_id == site_id)
    return session.scalar(newest.order_by(AccessReview.reviewed_at.desc()).limit(1))


def review_due_at(last: AccessReview | None, site_made_at: datetime) -> datetime:
    """Return when the rights have to be reviewed next: every quarter."""
    return (last.reviewed_at if last is not None else site_made_at) + REVIEW_EVERY


def staff_role(session: Session, name: str) -> Role:
    """Return a role's row, made on first use."""
    role = session.scalar(select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name)
        session.add(role)
    return role


def create_staff(
    session: Session, role: str, email: str, password: str, totp_secret: str | None = None
) -> User:
    """Add a member of staff; needs an app context.

    `totp_secret` is base32. Without it the first sign-in shows a QR code to set the authenticator up.
    Raises ActionRefused on an unknown role, a short password or an e-mail that has an account.
    """
    if role not in STAFF_ROLES:
        raise ActionRefused("role", _l("There is no such role."))
    check_password(password, (email, *names_of_the_place(session)))
    if session.scalar(select(User.id).where(func.lower(User.email) == email.lower())) is not None:
        raise ActionRefused("email", _l("This e-mail address already has an account."))
    user = User(
        email=email.lower(),
        password=hash_password(password),
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        roles=[staff_role(session, role)],
    )
    if totp_secret is not None:
        user.tf_primary_method = "authenticator"
        user.tf_totp_secret = seal_totp_secret(totp_secret)
    session.add(user)
    session.flush()
    return user


def create_manager(session: Session, email: str, password: str, totp_secret: str | None = None) -> User:
    """Add a property manager; see `create_staff`."""
    return create_staff(session, "manager", email, password, totp_secret)
