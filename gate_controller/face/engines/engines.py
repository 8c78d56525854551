"""Face engines by the names that the site file and the command line use.

Two are Menjin's own. Every other comes with a package that declares it under the entry point group
`menjin.face_engines`; only the one that is named is imported, and only with a whole card is it taken.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from gate_controller.face.engines.card_check import card_problem, identity_problem
from gate_controller.face.engines.engine import EngineKind, FaceEngine, ModelFile
from gate_controller.face.engines.errors import EngineRefused, ModelFileError
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION
from gate_controller.face.engines.model_adding import OPTIONAL_MODELS
from gate_controller.face.engines.model_files import added_models_folder, checked_model_file
from gate_controller.face.engines.yunet_sface import YUNET_SFACE

ENTRY_POINTS = "menjin.face_engines"
DEFAULT_ENGINE = "yunet-sface"
ENGINE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ADD = "menjin face models add FILE|URL"

OWN_ENGINES: Mapping[str, EngineKind] = {
    DEFAULT_ENGINE: YUNET_SFACE,
    "face_recognition": FACE_RECOGNITION,
}


def engine_names() -> tuple[str, ...]:
    """Return the names of all installed engines, Menjin's own first; imports none of them."""
    brought = {point.name for point in metadata.entry_points(group=ENTRY_POINTS)}
    usable = (name for name in brought if ENGINE_NAME.fullmatch(name))
    return (*OWN_ENGINES, *sorted(set(usable) - set(OWN_ENGINES)))


def engine_kind(name: str, *, measured: bool = True) -> EngineKind:
    """Return an engine by its name, with a whole card; imports its package's module.

    With `measured=False`, for measuring it, the card needs no figures yet. Raise EngineRefused where no
    package or more than one brings it, or where what it brings is incomplete. A package cannot take the
    place of one of Menjin's own.
    """
    if name in OWN_ENGINES:
        return OWN_ENGINES[name]
    points = list(metadata.entry_points(group=ENTRY_POINTS, name=name))
    if not points or not ENGINE_NAME.fullmatch(name):
        raise EngineRefused(
            f"No face engine is called {name!r}. Installed: {', '.join(engine_names())}. Install its package "
            "into Menjin's environment, or name another in [face] engine."
        )
    if len(points) > 1:
        packages = ", ".join(sorted(point.dist.name if point.dist else "?" for point in points))
        raise EngineRefused(f"The face engine {name!r} is brought by {packages}. Remove all but one.")
    return _brought(points[0], measured=measured)


def load_engine(name: str, models_dir: Path | None = None, *, measured: bool = True) -> FaceEngine:
    """Load an engine from weights whose digests were found right; one without figures only to measure it.

    Raise EngineRefused, or ModelFileError when a file is missing or is not the measured one.
    """
    kind = engine_kind(name, measured=measured)
    engine = kind.load(checked_weights(name, kind, models_dir))
    if engine.card != kind.card:
        raise EngineRefused(f"The face engine {name!r} has another card once it is loaded. Do not use it.")
    return engine


def checked_weights(name: str, kind: EngineKind, models_dir: Path | None = None) -> Path:
    """Return the folder in which every file of an engine's card was found right.

    Searched are `models_dir` alone where it is given, else what `menjin face models add` has put in,
    where that is complete, else the package's own. Raise ModelFileError naming what is missing.
    """
    folder = models_dir if models_dir is not None else weights_folder(name, kind)
    remedy = f"{kind.remedy}, or {ADD}" if kind.takes_added_weights else kind.remedy
    for model in kind.card.model_files:
        checked_model_file(folder, model, remedy)
    return folder


def weights_folder(name: str, kind: EngineKind) -> Path:
    """Return where an engine's files lie, unchecked; raise ModelFileError when they lie nowhere."""
    added = _added_folder(name)
    missing = [model for model in kind.card.model_files if not (added / model.name).is_file()]
    if kind.takes_added_weights and not missing:
        return added
    try:
        return kind.folder()
    except ModelFileError as fault:
        if not kind.takes_added_weights:
            raise
        digests = ", ".join(model.sha256 for model in missing)
        # Names and remedy first: an entry of the journal holds 200 characters.
        raise ModelFileError(
            f"Face models missing: {', '.join(model.name for model in missing)}. Run: {ADD} "
            f"(SHA-256 {digests}), or {kind.remedy.removeprefix('Run: ')}"
        ) from fault


def known_models() -> Mapping[Path, ModelFile]:
    """Return every model that may be added, by the path at which it is looked for.

    An engine of another package that cannot be used adds nothing to them.
    """
    places = {added_models_folder() / model.name: model for model in OPTIONAL_MODELS}
    for name, kind in usable_engines():
        if kind.takes_added_weights:
            places |= {_added_folder(name) / model.name: model for model in kind.card.model_files}
    return places


def usable_engines() -> Iterator[tuple[str, EngineKind]]:
    """Yield every installed engine that brings a whole card, with its name."""
    for name in engine_names():
        try:
            yield name, engine_kind(name)
        except EngineRefused:
            continue


def _added_folder(name: str) -> Path:
    # A folder for each engine of another package: two may call different files by one name.
    return added_models_folder() if name in OWN_ENGINES else added_models_folder() / name


def _brought(point: metadata.EntryPoint, *, measured: bool) -> EngineKind:
    package = point.dist.name if point.dist is not None else point.module
    try:
        kind = point.load()
    except Exception as fault:  # the code of another package may fail in any way
        raise EngineRefused(
            f"The face engine {point.name!r} of {package} cannot be imported: "
            f"{type(fault).__name__}: {fault}. Repair or remove that package."
        ) from fault
    if not isinstance(kind, EngineKind):
        raise EngineRefused(
            f"The face engine {point.name!r} of {package} is no EngineKind. Ask its author to follow "
            "docs/face_engines.md."
        )
    problem = card_problem(kind.card) if measured else identity_problem(kind.card)
    if problem is None and kind.card.name in {own.card.name for own in OWN_ENGINES.values()}:
        problem = f"its name {kind.card.name!r} is that of one of Menjin's own engines"
    if problem is not None:
        raise EngineRefused(
            f"The face engine {point.name!r} of {package} brings no complete card: {problem}. Ask its author "
            "for one; face is never compared without."
        )
    return kind
