"""Lay out a package of another author that brings a face engine, as pip would have installed it.

Its engine is a real one: YuNet and SFace without the mirror image, with the curve measured for that.
"""

from pathlib import Path

ENGINE = "plain-sface"
PACKAGE = "menjin-plain-sface"
MODULE = "menjin_plain_sface"

LICENCE = "Apache-2.0 (SFace, YuNet)"
CURVE = """(
    CurvePoint(1e-3, 0.363, 0.0031),
    CurvePoint(1e-4, 0.424, 0.0065, missed_by_person=0.030),
    CurvePoint(1e-5, 0.491, 0.0197, missed_by_person=0.07),
)"""
SOURCE = '''
"""SFace as it is, for Menjin."""

from pathlib import Path

from gate_controller.face.engines.engine import CosineEngine, CurvePoint, EngineCard, EngineKind, ModelFile
from gate_controller.face.engines.errors import ModelFileError

FOLDER = Path(__file__).parent / "weights"
CURVE = {curve}
CARD = EngineCard(
    name="plain-sface-1",
    model_files=(
        ModelFile("face_detection_yunet_2023mar_int8bq.onnx", "{detector}"),
        ModelFile("face_recognition_sface_2021dec_int8bq.onnx", "{embedder}"),
    ),
    licence="{licence}",
    embedding_size=128,
    curve=CURVE,
    measured_on="LFW deep-funneled, all pairs: 242,257 genuine, 87.3 million impostor",
    worst_group="East and South-East Asian",
    worst_group_factor=5.7,
    min_same_session_similarity=0.60,
)


class PlainSface(CosineEngine):
    def __init__(self, folder):
        import cv2

        from gate_controller.face.engines.yunet_sface import load_yunet_sface

        self._finder = load_yunet_sface(folder)
        self._net = cv2.dnn.readNetFromONNX(str(folder / CARD.model_files[1].name))

    @property
    def card(self):
        return CARD

    def find(self, frame):
        return self._finder.find(frame)

    def embed(self, frame, face):
        import cv2
        import numpy as np

        from gate_controller.face.engines.face_geometry import align

        blob = cv2.dnn.blobFromImage(align(frame, face.landmarks), 1.0, (112, 112), (0, 0, 0), swapRB=True)
        with self._finder._networks_lock:
            self._net.setInput(blob, "data")
            numbers = np.array(self._net.forward(), dtype=np.float32).reshape(-1)
        numbers /= np.linalg.norm(numbers)
        return numbers

    def clear(self):
        self._finder.clear()


def folder():
    if not FOLDER.is_dir():
        raise ModelFileError(f"{{FOLDER}} is missing. Run: pip install menjin-plain-sface")
    return FOLDER


KIND = EngineKind(CARD, folder, "Run: pip install --force-reinstall menjin-plain-sface", PlainSface)
'''


def lay_out_package(
    site: Path,
    weights: Path | None,
    *,
    detector: str,
    embedder: str,
    licence: str = LICENCE,
    curve: str = CURVE,
    object_name: str = "KIND",
    package: str = PACKAGE,
    engine: str = ENGINE,
) -> Path:
    """Write module and package metadata into a folder for `sys.path`; return that folder.

    `weights` is a folder with the two files, which the package links to; None for a package without them.
    """
    module = site / MODULE
    module.mkdir(parents=True, exist_ok=True)
    text = SOURCE.format(detector=detector, embedder=embedder, licence=licence, curve=curve)
    (module / "__init__.py").write_text(text, encoding="utf-8")
    if weights is not None:
        (module / "weights").symlink_to(weights, target_is_directory=True)
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "entry_points.txt").write_text(
        f"[menjin.face_engines]\n{engine} = {MODULE}:{object_name}\n", encoding="utf-8"
    )
    return site
