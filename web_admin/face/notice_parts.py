"""Show a notice in its parts, and what each said in an older version."""

from dataclasses import dataclass

from web_admin.custody.models import Notice
from web_admin.face.notices import NOTICE_FIELDS, changed_fields
from web_admin.face.texts import NOTICE_HEADINGS


@dataclass(frozen=True, slots=True)
class NoticePart:
    """One part of a notice; `before` is its text in the version agreed to, None where it is the same."""

    heading: str
    text: str
    before: str | None = None


def notice_parts(notice: Notice, older: Notice | None = None) -> list[NoticePart]:
    """Return a notice's parts in their order, and what each said in an older version."""
    changed = set(changed_fields(older, notice)) if older is not None else set()
    return [
        NoticePart(
            str(NOTICE_HEADINGS[name]),
            notice.fields[name],
            older.fields.get(name, "") if older is not None and name in changed else None,
        )
        for name in NOTICE_FIELDS
        if name in notice.fields
    ]


def notice_fields(notice: Notice) -> list[tuple[str, str]]:
    """Return a notice's headings and texts in their fixed order."""
    return [(part.heading, part.text) for part in notice_parts(notice)]
