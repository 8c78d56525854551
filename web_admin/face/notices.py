"""Notices before consent: complete, in fixed versions."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.written_release import notice_digest
from web_admin.action.base import Action, begin, finish, office_only
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.renewals import NOTICE_CHANGED, request_all_renewals

NOTICE_FIELDS = (
    "handler_name",
    "handler_contact",
    "purpose",
    "method",
    "retention",
    "necessity",
    "effect",
    "rights",
    "complaints",
)
"""Parts that the law requires of a notice (PIPL 14, 17, 30; FRM 5; GDPR 13), in the order shown."""

MAX_NOTICE_CHARS = 2000
VOID_PHRASES = (
    "irrevocabl",
    "unlimited right",
    "perpetual",
    "freely transfer",
    "不可撤销",
    "不可撤回",
    "永久授权",
    "无限期",
    "任意转授权",
    "任意转让",
)
"""Clauses that courts hold void (SPC 11); a notice with one of them is not published."""


def publish_notice(act: Action, purpose: str, texts: Mapping[str, Mapping[str, str]]) -> int:
    """Publish the next version of a notice in all its languages and return the version.

    `texts` holds the fields by language. People who agreed to an older face notice are paused and asked
    again, and nothing but face changes for them. Raises ActionRefused naming `language.field`.
    """
    begin(act)
    office_only(act, _("Notices are published by the property office."))
    for language in LANGUAGES:
        if language not in texts:
            raise ActionRefused(language, _("Write the notice in Chinese and in English."))
    version = 1 + (act.session.scalar(select(func.max(Notice.version)).where(Notice.purpose == purpose)) or 0)
    facts: dict[str, str | int] = {"purpose": purpose, "version": version}
    for language in LANGUAGES:
        fields = _checked_fields(language, texts[language])
        digest = notice_digest(purpose, version, language, fields)
        facts[f"sha256_{language}"] = digest.hex()
        act.session.add(
            Notice(
                purpose=purpose,
                version=version,
                language=language,
                fields=fields,
                sha256=digest,
                published_at=act.now,
            )
        )
    if purpose == FACE_PURPOSE:
        request_all_renewals(act, NOTICE_CHANGED)
    finish(act, "notice_published", facts)
    return version


def changed_fields(older: Notice, newer: Notice) -> tuple[str, ...]:
    """Return the parts whose text differs between two versions, in the order shown."""
    return tuple(name for name in NOTICE_FIELDS if older.fields.get(name, "") != newer.fields.get(name, ""))


def _checked_fields(language: str, fields: Mapping[str, str]) -> dict[str, str]:
    if set(fields) - set(NOTICE_FIELDS):
        raise ActionRefused(language, _("The notice has a part that is not known."))
    for name in NOTICE_FIELDS:
        text = fields.get(name, "").strip()
        where = f"{language}.{name}"
        if not text:
            raise ActionRefused(where, _("The law asks for this part of the notice. Please fill it in."))
        if len(text) > MAX_NOTICE_CHARS:
            raise ActionRefused(where, _("Please use at most %(count)s characters.", count=MAX_NOTICE_CHARS))
        for phrase in VOID_PHRASES:
            if phrase in text.lower():
                raise ActionRefused(
                    where, _("A clause such as “%(phrase)s” is void. Take it out.", phrase=phrase)
                )
    return {name: fields[name].strip() for name in NOTICE_FIELDS}
