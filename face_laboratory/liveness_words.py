"""The figures of an operator's liveness set, as one JSON object and as text for a person."""

from face_laboratory.liveness_rates import Acceptance, Separation, SpeciesCurve
from face_laboratory.liveness_trials import LivenessTrials


def liveness_as_object(trials: LivenessTrials) -> dict[str, object]:
    """Return all figures; curves have one point for each threshold."""
    return {
        "not_acquired": trials.not_acquired,
        "liveness_unreadable": trials.unreadable,
        "passive_models": trials.has_pair,
        "measures": [_separation(one) for one in trials.separations()],
    }


def _separation(one: Separation) -> dict[str, object]:
    least = one.at_worst_5_percent
    return {
        "measure": one.measure.name,
        "threshold": one.measure.used,
        "living": _species(one, one.living),
        "attacks": [_species(one, attack) for attack in one.attacks],
        "worst_species_at_5_percent": (
            None if least is None else {"threshold": least[0], "living_refused": least[1]}
        ),
    }


def _species(one: Separation, mine: SpeciesCurve) -> dict[str, object]:
    curve = [
        {"threshold": threshold, **_acceptance(point)}
        for threshold, point in zip(one.measure.thresholds, mine.curve, strict=True)
    ]
    figures = {"species": mine.species, **_acceptance(mine.at_used), "curve": curve}
    return figures if mine is one.living else {**figures, "distinguished": mine.is_distinguished}


def _acceptance(share: Acceptance) -> dict[str, object]:
    return {
        "accepted": share.rate,
        "ci": [share.low, share.high],
        "items": share.items,
        "sources": share.sources,
    }


def liveness_as_text(engine: str, trials: LivenessTrials) -> str:
    """Return the figures for a person: the species that is accepted most comes first."""
    lines = [f"{engine}: liveness; every source weighs the same, species are never averaged"]
    for one in trials.separations():
        what = one.measure
        has_curve = len(what.thresholds) > 1
        lines.append(f"  {what.name}: {what.says}{f'; at {what.used:g}' if has_curve else ''}")
        lines.append(f"    living people accepted: {_words(one.living.at_used)}")
        for attack in one.attacks:
            sign = "" if attack.is_distinguished else " NOT DISTINGUISHED from living people"
            lines.append(f"    {attack.species} accepted: {_words(attack.at_used)}{sign}")
        least = one.at_worst_5_percent
        if has_curve:
            lines.append(
                "    no threshold keeps the worst species at 1 in 20"
                if least is None
                else f"    from {least[0]:g} the worst species is accepted at most once in 20, "
                f"and {least[1]:.1%} of living people are refused"
            )
    if not trials.has_pair:
        lines.append("  minifasnet: not measured, the pair is not added (menjin face models add FILE|URL)")
    lines += [f"  no usable face seen: {name}: {count}" for name, count in trials.not_acquired.items()]
    return "\n".join(lines)


def _words(share: Acceptance) -> str:
    return (
        f"{share.rate:.1%} ({share.items} items of {share.sources} sources; "
        f"95 % between {share.low:.1%} and {share.high:.1%})"
    )
