"""Check the engine that a site file names, or say that this installation has no face code."""

from collections.abc import Iterator

from gate_controller.face_control.installed import NO_FACE_CODE, has_face_code
from gate_controller.installer.lines import CheckLine, fine, wrong
from gate_controller.site_file.config import GateConfig


def check_face(config: GateConfig) -> Iterator[CheckLine]:
    """Yield whether the chosen engine may open a gate, with its figures; whether its weights are there."""
    if not has_face_code():
        if config.face.enabled:
            text = f"{NO_FACE_CODE}: say face.enabled = false, or install the package menjin-gate"
            yield wrong("face", "", text)
        else:
            yield fine("face", "", NO_FACE_CODE)
        return
    if not config.face.enabled:
        return
    # Imported here: a gate without face has no engine.
    from gate_controller.face.engines.engines import checked_weights, engine_kind  # noqa: PLC0415
    from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, fitness, fitness_at  # noqa: PLC0415
    from gate_controller.face.engines.errors import EngineRefused, ModelFileError  # noqa: PLC0415

    name = config.face.engine
    try:
        kind = engine_kind(name)
    except EngineRefused as err:
        yield wrong("face", name, f"{err} Face stays off, all other ways in work")
        return
    fit = fitness_at(kind.card, only_beside=config.face.only_beside)
    if fit.point is None:
        yield wrong("face", name, f"{fit.sentence}. Face stays off, all other ways in work")
        return
    try:
        checked_weights(name, kind, config.face.models_dir)
    except ModelFileError as err:
        yield wrong("face", name, str(err))
        return
    if not config.face.only_beside:
        yield fine("face", name, fit.sentence if config.face.alone else f"{fit.sentence}; off here")
    yield fine("face", name, fitness(kind.card, BESIDE_ANOTHER_WAY).sentence)
    seen = {camera.lane for camera in config.camera.values()}
    for lane_id in config.lane:
        if lane_id not in seen:
            text = "has no camera of its own, so face is not offered there; all other ways in are"
            yield fine("face", lane_id, text)
