"""The figures of an evaluation by person, as one JSON object and as text for a person."""

from face_laboratory.people_evaluation import PeopleEvaluation
from face_laboratory.people_rates import PeoplePoint, Rate
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, LARGEST_HOME

WORDS_OF_BUDGET = {
    BESIDE_ANOTHER_WAY: " (the budget beside a card)",
    LARGEST_HOME: f" (the budget in a home of {LARGEST_HOME})",
}


def people_as_object(one: PeopleEvaluation) -> dict[str, object]:
    """Return the figures as one JSON object; rates out of too few people are null."""
    return {
        "engine": one.engine,
        "looks": one.looks,
        "people": one.people,
        "strangers_only": one.strangers_only,
        "unreadable": len(one.unreadable),
        "unreadable_pictures": list(one.unreadable),
        "failure_to_enrol": {
            "n": one.failed_to_enrol.of,
            "count": one.failed_to_enrol.count,
            "rate": one.failed_to_enrol.rate,
            "ci": one.failed_to_enrol.limits,
            "reasons": {reason.value: count for reason, count in one.not_enrolled_for.items()},
        },
        "failure_to_acquire": one.failed_to_acquire,
        "threshold": one.rates.min_face_similarity,
        "threshold_is_of_these_looks": one.threshold_is_of_these_looks,
        "fmr": _object(one.rates.false_matches),
        "fnmr": _object(one.rates.false_non_matches),
        "at": [_point_as_object(point) for point in one.rates.at],
        "within_budget": [
            {"searched": searched, **_point_as_object(point)}
            for searched, rate in one.budgets.items()
            for point in one.rates.at
            if point.false_match_rate == rate
        ],
        "fpir": [{"enrolled": size, **_object(rate)} for size, rate in one.rates.identification],
        "groups": {
            group.group: {"fmr": _object(group.false_matches), "fnmr": _object(group.false_non_matches)}
            for group in one.rates.groups
        },
    }


def people_as_text(one: PeopleEvaluation) -> str:
    rates, enrol = one.rates, one.failed_to_enrol
    of_one_look = "" if one.threshold_is_of_these_looks else ", measured for one look"
    lines = [
        f"{one.engine}: {one.people} people, templates of {one.looks} look{'s' if one.looks > 1 else ''}; "
        "every person weighs the same",
        f"  too few pictures, strangers only: {one.strangers_only} people",
        f"  failure to enrol: {enrol.count} of {enrol.of} people",
        *(f"    {reason.value}: {count} pictures" for reason, count in one.not_enrolled_for.items()),
        f"  failure to acquire: {_share(one.failed_to_acquire)} of a person's probes",
        f"  at the engine's own {rates.min_face_similarity:.4f}{of_one_look}: "
        f"FMR {_words(rates.false_matches)}",
        f"    FNMR {_words(rates.false_non_matches)}",
    ]
    named = {rate: WORDS_OF_BUDGET[searched] for searched, rate in one.budgets.items()}
    for point in rates.at:
        where = f"at FMR {point.false_match_rate:.3g}{named.get(point.false_match_rate, '')}"
        if point.min_face_similarity is None:
            lines.append(f"  {where}: too few people to tell")
            continue
        cautious = point.cautious_similarity
        resampled = f" (in 97.5 % of resamplings: {cautious:.3f})" if cautious is not None else ""
        lines.append(
            f"  {where}: similarity {point.min_face_similarity:.3f}{resampled}, FNMR {_words(point.missed)}"
        )
    lines += [
        f"    a stranger among {size} enrolled is taken for one of them: {_words(rate)}"
        for size, rate in rates.identification
    ]
    for group in rates.groups:
        lines.append(f"    group {group.group}: FMR {_words(group.false_matches)}")
        lines.append(f"      FNMR {_words(group.false_non_matches)}")
    return "\n".join(lines)


def _point_as_object(point: PeoplePoint) -> dict[str, object]:
    return {
        "fmr": point.false_match_rate,
        "threshold": point.min_face_similarity,
        "cautious_threshold": point.cautious_similarity,
        "fnmr": _object(point.missed),
    }


def _object(rate: Rate) -> dict[str, object]:
    return {"people": rate.people, "rate": rate.rate, "ci": rate.limits}


def _share(share: float | None) -> str:
    return "no share" if share is None else f"{share:.4g}"


def _words(rate: Rate) -> str:
    if rate.rate is None:
        return "no people to tell"
    limits = "" if rate.limits is None else f"; 95 % between {rate.limits[0]:.4g} and {rate.limits[1]:.4g}"
    return f"{rate.rate:.4g} ({rate.people} people{limits})"
