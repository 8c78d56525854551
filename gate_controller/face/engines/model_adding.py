"""Add a model file from wherever the operator has it: a path or an address, only if its digest is known.

For the two files of the default engine this is the second source beside the package that ships them.

A file is written beside its place and moved there once its digest was found right, so that nothing
half-fetched or wrong is ever loaded.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import requests

from gate_controller.face.engines.engine import ModelFile
from gate_controller.face.engines.errors import ModelFileError

OPTIONAL_MODELS = (
    ModelFile("MiniFASNetV2.onnx", "4eed38f0bde33c9b805942a5f25e42ce1161e2bda545254be622be957727794e"),
    ModelFile("MiniFASNetV1SE.onnx", "d819a69bac6b9ade2a0f4d9b60b618e1260f7bf3ba1fddff6c5d82131cb1083f"),
)
"""Passive liveness (Silent-Face-Anti-Spoofing, minivision-ai, Apache-2.0), as ONNX."""
MAX_MODEL_BYTES = 600_000_000
PIECE_BYTES = 1 << 16
TIMEOUT_SECONDS = 30.0

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far, and the total where it is known."""


def add_model(
    source: str, known: Mapping[Path, ModelFile], folder: Path, progress: Progress
) -> tuple[Path, ...]:
    """Copy or fetch a model file to every place where `known` looks for it and return those paths.

    `folder` is where it lies until its digest is known. Raise ModelFileError when it cannot be read, is
    too large, or is none of the models known by digest.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / ".incoming.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as fault:
        raise ModelFileError(
            f"{folder} cannot be written: {fault.strerror}. Run as the gate's user, or set MENJIN_MODELS_DIR."
        ) from fault
    try:
        with os.fdopen(descriptor, "wb") as target:
            digest = _copy(source, target, progress)
        places = tuple(place for place, model in known.items() if model.sha256 == digest)
        if not places:
            listed = "; ".join(f"{model.name} {model.sha256}" for model in known.values())
            raise ModelFileError(
                f"{source} is none of the models that were measured: its SHA-256 is {digest}. Known: {listed}"
            )
        for place in places:
            place.parent.mkdir(exist_ok=True)
            # Beside its place first: a power cut must not leave half a model there.
            beside = place.with_name(part.name)
            if beside != part:
                shutil.copyfile(part, beside)
                beside.replace(place)
        at_home = [place for place in places if place.parent == folder]
        if at_home:
            part.replace(at_home[0])
        return places
    finally:
        part.unlink(missing_ok=True)


def _copy(source: str, target: BinaryIO, progress: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    with _opened(source) as (pieces, size):
        for piece in pieces:
            done += len(piece)
            if done > MAX_MODEL_BYTES:
                raise ModelFileError(f"{source} has more than {MAX_MODEL_BYTES:,} bytes; no known model has.")
            digest.update(piece)
            target.write(piece)
            progress(done, size)
    return digest.hexdigest()


@contextmanager
def _opened(source: str) -> "Iterator[tuple[Iterator[bytes], int | None]]":
    if source.startswith(("https://", "http://")):
        try:
            with requests.get(source, stream=True, timeout=TIMEOUT_SECONDS) as answer:
                answer.raise_for_status()
                length = answer.headers.get("Content-Length", "")
                is_number = length.isdecimal() and len(length) < 16
                yield answer.iter_content(PIECE_BYTES), int(length) if is_number else None
        except requests.RequestException as fault:
            remedy = "Fetch it yourself and give the path."
            raise ModelFileError(f"{source} cannot be fetched: {fault}. {remedy}") from fault
        return
    try:
        with Path(source).open("rb") as file:
            yield iter(lambda: file.read(PIECE_BYTES), b""), os.fstat(file.fileno()).st_size
    except OSError as fault:
        raise ModelFileError(f"{source} cannot be read: {fault.strerror}.") from fault
