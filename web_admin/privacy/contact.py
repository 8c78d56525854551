"""Set the responsible contact for personal data at a site, and the address for complaints."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.languages import LANGUAGES
from web_admin.action.base import Action, begin, checked_text, record
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.queries import newest_notice
from web_admin.privacy.models import PrivacyContact

MAX_CHANNEL_CHARS = 600


def save_contact(act: Action, *, name: str, contact: str, channels: Mapping[str, str]) -> None:
    """Publish who is responsible and the authorities' complaint channels; raise ActionRefused."""
    begin(act)
    texts = {}
    for language in LANGUAGES:
        text = channels.get(language, "").strip()
        field = f"channels_{language}"
        if not text:
            raise ActionRefused(field, _("Name an authority and how to reach it, in both languages."))
        if len(text) > MAX_CHANNEL_CHARS:
            raise ActionRefused(field, _("Please use at most %(count)s characters.", count=MAX_CHANNEL_CHARS))
        texts[language] = text
    row = contact_of(act.session, act.site_id)
    if row is None:
        row = PrivacyContact(site_id=act.site_id)
        act.session.add(row)
    row.responsible_name = checked_text("responsible_name", name)
    row.responsible_contact = checked_text("responsible_contact", contact)
    row.channels, row.changed_at = texts, act.now
    record(act, "privacy_contact_published", {})


def contact_of(session: Session, site_id: str) -> PrivacyContact | None:
    """Return who is responsible, None before a contact was named."""
    return session.get(PrivacyContact, site_id)


def complaint_channels(session: Session, site_id: str, language: str) -> str:
    """Return where to complain beyond the office: what was published, else what the notice says, else ""."""
    row = contact_of(session, site_id)
    if row is not None:
        return row.channels.get(language) or next(iter(row.channels.values()), "")
    notice = newest_notice(session, FACE_PURPOSE, language)
    return notice.fields.get("complaints", "") if notice is not None else ""
