"""Check that an engine's card says what must be known before a face is compared by it."""

import re
from collections.abc import Sequence
from itertools import pairwise

from gate_controller.contract.records import MAX_LOOKS
from gate_controller.face.engines.engine import CurvePoint, EngineCard

CARD_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def card_problem(card: EngineCard) -> str | None:
    """Return the first thing a card lacks or has wrong, as the end of a sentence; None for a whole card."""
    return identity_problem(card) or _measurement_problem(card)


def identity_problem(card: EngineCard) -> str | None:
    """Return what a card lacks beside its measured figures: name, licence, files with their digests."""
    if not CARD_NAME.fullmatch(card.name):
        return f"its name {card.name!r} is not made of small letters, digits, dot, dash and underscore"
    if not card.licence.strip():
        return "it names no licence of its weights"
    if not card.model_files:
        return "it names no model file, so its weights cannot be recognised"
    for model in card.model_files:
        if not FILE_NAME.fullmatch(model.name):
            return f"the model file {model.name!r} is not a plain file name"
        if not SHA256_HEX.fullmatch(model.sha256):
            return f"{model.name} has no SHA-256 (64 small hexadecimal digits)"
    if len({model.name for model in card.model_files}) < len(card.model_files):
        return "it names one model file twice"
    if card.embedding_size < 1:
        return f"its embedding has {card.embedding_size} numbers"
    return None


def _measurement_problem(card: EngineCard) -> str | None:
    if not card.curve:
        return "it has no measured curve; `menjin face evaluate` measures one"
    if not card.measured_on.strip():
        return "it does not say on which pictures its curve was measured"
    if not card.worst_group.strip() or not card.worst_group_factor >= 1:
        return "it names no worst group with a factor of 1 or more"
    if not 0 < card.min_same_session_similarity < 1:
        return f"min_same_session_similarity is {card.min_same_session_similarity!r}, not between 0 and 1"
    if all(point.missed_by_person is None for point in card.curve):
        return "no point of its curve says what is missed by person"
    for looks, curve in [(1, card.curve), *card.curves_of_looks.items()]:
        problem = _curve_problem(curve)
        if problem is not None:
            return problem if looks == 1 else f"{problem} (templates of {looks} looks)"
    for looks, curve in card.curves_of_looks.items():
        if not 2 <= looks <= MAX_LOOKS or not curve:
            return f"curves_of_looks has {len(curve)} points for {looks} looks, not some for 2 to {MAX_LOOKS}"
    return None


def _curve_problem(curve: Sequence[CurvePoint]) -> str | None:
    for point in curve:
        where = f"the point {point.false_match_rate!r} of its curve"
        if not (0 < point.false_match_rate < 1 and 0 < point.min_face_similarity < 1):
            return f"{where} has no rate and threshold between 0 and 1"
        if not all(0 <= share <= 1 for share in (point.false_non_match_rate, point.missed_by_person or 0.0)):
            return f"{where} has misses outside 0 to 1"
    for looser, stricter in pairwise(curve):
        if not (
            stricter.false_match_rate < looser.false_match_rate
            and stricter.min_face_similarity > looser.min_face_similarity
        ):
            return "its curve is not loosest first, each threshold higher and each false match rate lower"
        if stricter.false_non_match_rate < looser.false_non_match_rate:
            return "its curve misses fewer at a stricter threshold, which no measurement gives"
    return None
