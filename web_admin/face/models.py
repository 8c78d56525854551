"""Tables of consent to face: notices, consents, shares, receipts, assessments, guardians, renewals."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class FaceOpening(Base):
    """A card or PIN with which a yes to face was said, or a face was taken; its loss pauses the face.

    `credential_id` may be a guardian's. The rows go with the consent.
    """

    __tablename__ = "face_opening"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    credential_id: Mapped[str] = mapped_column(
        ForeignKey("credential.credential_id"), primary_key=True, index=True
    )
    at: Mapped[datetime]


class AssessmentRow(Base):
    """One version of the impact assessment of face; never deleted by the program.

    `state`: draft, submitted, approved, superseded. Whether an approved one still holds is worked out
    again at each use (`assessment_status`). `notice_basis` is the digest of the purpose and
    method that it was about, `engine` the engine.
    """

    __tablename__ = "assessment"
    assessment_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="draft")
    texts: Mapped[dict[str, str]]
    lanes: Mapped[list[str]]
    conclusion: Mapped[str]
    residual_risk: Mapped[str]
    review_due: Mapped[date | None]
    author_ids: Mapped[list[str]]
    engine: Mapped[str | None]
    notice_basis: Mapped[str | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    approver_id: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]


class GuardianRequest(Base):
    """A minor said yes to a notice and asks a guardian.

    `answer`: half (yes, and another guardian is waited for), yes, no, lapsed; None while open. Those asked
    together have the same `asked_at`. `signed_name` is kept while the other half is waited for.
    """

    __tablename__ = "guardian_request"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    guardian_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    notice_version: Mapped[int]
    language: Mapped[str]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    answer_language: Mapped[str | None]
    signed_name: Mapped[str | None]


class GuardianConsent(Base):
    """A guardian's part of a minor's consent: who agreed, to which text, when and how."""

    __tablename__ = "guardian_consent"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    guardian_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True, index=True)
    notice_sha256: Mapped[bytes]
    language: Mapped[str]
    channel: Mapped[str]
    given_at: Mapped[datetime]


class ConsentRenewal(Base):
    """A requested renewal: face is paused until this person decides, and the row goes with their decision.

    `why`: notice_changed, came_of_age, age_corrected, guardian_left, rules_changed, restored,
    credential_lost, asked_again.
    `notice_version` and `language` are of the text that they had agreed to.
    """

    __tablename__ = "face_question"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    why: Mapped[str]
    since: Mapped[datetime]
    notice_version: Mapped[int]
    language: Mapped[str]


class ConsentRules(Base):
    """Requirements of a site beyond the law's least; no row: none."""

    __tablename__ = "consent_rules"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    written_release: Mapped[bool] = mapped_column(default=False)
    both_guardians: Mapped[bool] = mapped_column(default=False)


class WrittenRelease(Base):
    """A consent in signed form: `release` is the file that its signer can take along."""

    __tablename__ = "written_release"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    signer_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True, index=True)
    release: Mapped[bytes]
    signed_at: Mapped[datetime]
