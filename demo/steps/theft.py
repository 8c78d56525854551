"""Steps of a thief: with a copy of everything the server writes, with a gate's whole disk, with both.

What a thief of both gets is said in docs/face.md, and not hidden here: `stolen_gate_yields_nothing` opens the
copy with the true share, to show that it is the share that is missing.
"""

import base64
import shutil
from pathlib import Path

import numpy as np

from demo.attacks.stolen_data import (
    PICTURE_BEGINNINGS,
    copy_disk,
    found_in,
    marks_of_secret,
    marks_of_template,
    opened_backup,
    stolen_data_in,
)
from demo.judge import Outcome, StepFailed, require
from demo.rig.gate_ends import FACE_FILE, read_face_rows
from demo.rig.processes import run_menjin
from demo.stage import Stage
from gate_controller.face.engines.engine import Embedding
from gate_controller.face.engines.errors import TemplateNotOpened
from gate_controller.face.matching.template_store import FaceBlob, TemplatePlace, open_template
from gate_controller.storage.secrets import FACE_SECRET

FACE_KEY = "face.key"
GATE = "north"


def stolen_server_yields_nothing(stage: Stage) -> Outcome:
    """Database with its log, a backup opened with its passphrase, and all logs are searched byte by byte.

    Looked for: every template of the gate, every share, the key of the shares, the gate's secret. That the
    search finds what is there is shown with a sealed share and a consent's number.

    Broken by: a template or a frame that a gate sends, a share or its key in clear, either in a backup, a
    secret in a log.
    """
    blobs, place = stage.gates[GATE].face_rows(), place_of(stage, stage.gates[GATE].folder / "secrets")
    require(bool(blobs), "no face is enrolled, so there is nothing to look for")
    secrets = stage.server.data_dir / "secrets"
    marks = [*marks_of_secret("the gate's secret", place.gate_secret)]
    marks += marks_of_secret("the key of the shares", base64.b64decode((secrets / FACE_KEY).read_bytes()))
    for blob in blobs:
        share = share_of(stage, blob)
        marks += marks_of_secret("a share", share)
        marks += marks_of_template("a template", open_template(blob, place=place, share=share))
    marks += stage.frame_marks
    stolen = dict(_stolen_from_server(stage))
    known = found_in(stolen, [("a consent", blobs[0].consent_id.encode())])
    require(any("backup" in place for place in known), f"the search does not find what is there: {known}")
    require(any("sqlite3" in place for place in known), f"the search does not find what is there: {known}")
    found = found_in(stolen, marks)
    require(not found, f"a thief of the server gets {found}")
    size = sum(map(len, stolen.values()))
    return Outcome(
        None,
        f"{len(stolen)} files, {size / 1e6:.1f} MB with the backup opened: none of {len(marks)} forms of "
        f"{len(blobs)} templates, shares, keys and frames",
    )


def _stolen_from_server(stage: Stage) -> dict[str, bytes]:
    backup = stage.folder / "stolen.backup"
    backup.unlink(missing_ok=True)
    passphrase = stage.folder / "secrets" / "passphrase"
    run_menjin(
        "menjin web backup",
        stage.logs / "backup.log",
        "web",
        "backup",
        str(backup),
        "--data-dir",
        str(stage.server.data_dir),
        "--passphrase-file",
        str(passphrase),
    )
    stolen = stolen_data_in(stage.server.data_dir, stage.logs)
    kept_apart = f"{stage.server.data_dir.name}/secrets/"
    stolen = {path: content for path, content in stolen.items() if not path.startswith(kept_apart)}
    stolen["the backup"] = backup.read_bytes()
    stolen["the backup, opened"] = opened_backup(backup, passphrase.read_text(encoding="utf-8").strip())
    return stolen


def stolen_gate_yields_nothing(stage: Stage) -> Outcome:
    """Everything on the gate's disk is copied: with it no face opens, and no picture or template is in it.

    Tried as the missing half of the key: every secret on the disk, any 32 bytes in a row of the file of
    faces, and zeros. With the server's share the same copy does open.

    Broken by: a share or a template on the disk, a key that the gate's own secret is enough for, a frame
    in a file.
    """
    disk = steal_gate(stage, fresh=True)
    blobs, place = read_face_rows(disk / "data"), place_of(stage, disk / "secrets")
    require(bool(blobs), "no face is on the disk, so there is nothing to look for")
    stolen = stolen_data_in(disk)
    marks = [*PICTURE_BEGINNINGS.items(), *stage.frame_marks]
    keys = {content[:32].ljust(32, b"\0") for path, content in stolen.items() if "/secrets/" in path}
    keys |= {bytes(32), *_numbers_of(disk / "data")}
    for blob in blobs:
        share = share_of(stage, blob)
        marks += marks_of_secret("a share", share)
        marks += marks_of_template("a template", open_template(blob, place=place, share=share))
        opened = [key for key in keys if _opens(blob, place, key) is not None]
        require(not opened, "a face on the disk opens with what lies on the disk")
    require(bool(found_in(stolen, [("a face", blobs[0].ciphertext)])), "the search misses what is there")
    found = found_in(stolen, marks)
    require(not found, f"a thief of the gate gets {found}")
    return Outcome(
        None,
        f"{len(stolen)} files: {len(blobs)} sealed faces, none opens with {len(keys)} keys from the disk, "
        f"each does with the server's share; no template, share, frame or picture",
    )


def steal_gate(stage: Stage, *, fresh: bool = False) -> Path:
    """Return a copy of the disk of the gate with the camera, made now where it is not there or not fresh."""
    ends, copy = stage.gates[GATE], stage.folder / "stolen-gate"
    if fresh:
        shutil.rmtree(copy, ignore_errors=True)
    if not copy.exists():
        copy.mkdir()
        for name in ("data", "secrets"):
            copy_disk(ends.folder / name, copy / name)
        shutil.copy(ends.process.site_file, copy)
    return copy


def place_of(stage: Stage, secrets_dir: Path) -> TemplatePlace:
    """Return where the templates of the gate may be opened: the gate's half of their key."""
    return TemplatePlace(stage.office.site_id, GATE, (secrets_dir / FACE_SECRET).read_bytes())


def share_of(stage: Stage, blob: FaceBlob) -> bytes:
    """Return the server's half; raise StepFailed where there is none."""
    share = stage.office.share(blob.person_id, GATE)
    if share is None:
        raise StepFailed("the server has no share of a face that a gate keeps")
    return share


def _opens(blob: FaceBlob, place: TemplatePlace, key: bytes) -> Embedding | None:
    try:
        return open_template(blob, place=place, share=key)
    except TemplateNotOpened:
        return None


def _numbers_of(data_dir: Path) -> set[bytes]:
    """Return any 32 bytes in a row of the file of faces, but for empty stretches."""
    found: set[bytes] = set()
    for path in data_dir.glob(f"{FACE_FILE}*"):
        content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(content, 32)
        found |= {bytes(window) for window in windows[np.count_nonzero(windows, axis=1) >= 24]}
    return found
