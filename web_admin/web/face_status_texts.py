"""Texts of a gate's face status for the manager's page."""

import msgspec
from flask_babel import gettext as _

from gate_controller.contract.messages import FaceStatus
from web_admin.compound.models import Gate
from web_admin.custody.gate_reports import PROGRAM_OUTDATED
from web_admin.custody.models import GateFaceRow
from web_admin.face.engine import BESIDE_ANOTHER_WAY as BESIDE
from web_admin.face.engine import IN_A_SEARCH, NAME_IN_SITE_FILES, percent


def face_sentences(gate: Gate, row: GateFaceRow | None) -> tuple[str, ...]:
    """Return the gate's last report on face, with its numbers."""
    if gate.without_face:
        return (
            _(
                "This gate has no code that could look at a face: its program was installed from the package "
                "without face. It opens by card, PIN and QR code."
            ),
        )
    if row is None or row.status is None:
        return (_("Face is switched off in this controller."),)
    try:
        status = msgspec.convert(row.status, FaceStatus)
    except msgspec.ValidationError:
        # Written by a newer server, before this one was put back.
        return (_("This server cannot read the gate's report on face."),)
    if status.trouble == PROGRAM_OUTDATED:
        return (
            _(
                "Face is off at this gate, every other way in works: its program is too old to receive keys "
                "that only it can read. Bring it up to the server's version."
            ),
        )
    if status.trouble:
        return (_("Face is off at this gate, every other way in works: %(why)s", why=status.trouble),)
    beside = status.min_beside_similarity
    if status.only_beside and beside is not None:
        return (
            _(
                "Face opens at this gate only beside a card, PIN or code of the same person, from a "
                "similarity of %(similarity)s. Faces kept: %(held)s; of these can be recognised now: "
                "%(usable)s. Engine %(engine)s.",
                similarity=f"{beside:.3f}",
                held=status.faces_held,
                usable=status.usable,
                engine=status.engine,
            ),
        )
    if status.min_face_similarity is None:
        return (_("The face engine %(engine)s is being loaded.", engine=status.engine),)
    return _working(status, status.min_face_similarity)


def _working(status: FaceStatus, similarity: float) -> tuple[str, ...]:
    """Return the numbers of a gate that opens by face, with or without a home number before it."""
    numbers = _(
        "Faces kept in this gate: %(held)s; of these can be recognised now: %(usable)s. "
        "Engine %(engine)s, opening from a similarity of %(similarity)s.",
        held=status.faces_held,
        usable=status.usable,
        engine=status.engine,
        similarity=f"{similarity:.3f}",
    )
    if status.alone:
        alone = _(
            "They are few enough (at most %(limit)s) that no home number is needed before the face.",
            limit=status.alone_limit,
        )
    else:
        alone = _(
            "The home number is asked before the face; without it at most %(limit)s faces may be searched.",
            limit=status.alone_limit,
        )
    misses = _misses(status)
    beside = status.min_beside_similarity
    if beside is None:
        return (numbers, *misses, alone)
    second = _(
        "As the second of two ways that a person asked for, beside their card, PIN or code, a face is "
        "compared with theirs alone, from a similarity of %(similarity)s.",
        similarity=f"{beside:.3f}",
    )
    return (numbers, *misses, alone, second)


def _misses(status: FaceStatus) -> tuple[str, ...]:
    """Return what the default engine misses at the thresholds the gate reports; nothing of other figures."""
    known = (NAME_IN_SITE_FILES, IN_A_SEARCH[0].min_face_similarity, BESIDE[0].min_face_similarity)
    if (status.engine, status.min_face_similarity, status.min_beside_similarity) != known:
        return ()
    one, *more = IN_A_SEARCH
    return (
        _(
            "Of a person's own tries %(share)s %% are not recognised with one scan.",
            share=percent(one.missed_by_person),
        ),
        *(
            _(
                "With %(count)s scans, from a similarity of %(similarity)s: %(share)s %%.",
                count=point.scans,
                similarity=f"{point.min_face_similarity:.3f}",
                share=percent(point.missed_by_person),
            )
            for point in more
        ),
    )
