"""Make what the gate says in calls of its own: a number is proved, a home hears a test call."""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gate_controller.contract.languages import Language
from gate_controller.site_file.telephone import HOME_PROMPT, QUIET_SECONDS

RATE_HZ = 8000
"""Of telephones; the telephone program plays a file only at the rate of the call."""
PAUSE_SECONDS, WHOLE_SECONDS = 2, 70
"""It is said again and again, for longer than a person has to press a key: its end would end the call."""
WORDS_A_MINUTE = "140"
PROGRAM = "espeak-ng"
LONGEST_MAKING_SECONDS = 60


Sound = NDArray[np.int16]


def sentences(_: Callable[[str], str]) -> Mapping[str, str]:
    """Return what is said, by purpose."""
    return {
        "proof": _("This is the gate of your compound. Please type the digits that your page shows."),
        "test": _("This is a test call from the gate of your compound. Please press any key."),
    }


def home_sentence(_: Callable[[str], str]) -> str:
    """Return what a home's telephone hears when it is answered."""
    return _("Someone is at the gate. Press 9 to open, 0 to send away.")


def make_prompts(folder: Path, say_in: Callable[[Language], Callable[[str], str]]) -> list[Path]:
    """Write a file for each purpose and language, and one for homes; return them.

    `say_in` returns the translation of a language. Raises OSError without the program.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise FileNotFoundError(f"{PROGRAM} is not installed")
    made, at_home = [], []
    for language in Language:
        for purpose, sentence in sentences(say_in(language)).items():
            path = folder / f"{purpose}.{language.value}.wav"
            _write(path, _spoken(program, language.value, sentence))
            made.append(path)
        at_home += [
            _spoken(program, language.value, home_sentence(say_in(language))),
            _silence(PAUSE_SECONDS / 2),
        ]
    # Once and in each language: who answers hears the visitor after it.
    path = folder / f"{HOME_PROMPT}.wav"
    _keep(path, np.concatenate([*at_home, _silence(QUIET_SECONDS)]))
    return [*made, path]


def _spoken(program: str, voice: str, sentence: str) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        command = [program, "-v", voice, "-s", WORDS_A_MINUTE, "-w", str(file), sentence]
        subprocess.run(command, check=True, timeout=LONGEST_MAKING_SECONDS, stdin=subprocess.DEVNULL)
        with wave.open(str(file)) as spoken:
            rate = spoken.getframerate()
            sound = np.frombuffer(spoken.readframes(spoken.getnframes()), dtype="<i2").astype(float)
    # What a telephone cannot carry would be heard as noise: average it away before leaving samples out.
    width = max(1, rate // RATE_HZ)
    even = np.convolve(sound, np.ones(width) / width, mode="same")
    places = np.arange(0, len(even), rate / RATE_HZ)
    return np.interp(places, np.arange(len(even)), even).astype("<i2")


def _write(path: Path, sound: Sound) -> None:
    once = np.concatenate([sound, _silence(PAUSE_SECONDS)])
    _keep(path, np.tile(once, -(-WHOLE_SECONDS * RATE_HZ // len(once))))


def _silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE_HZ), dtype="<i2")


def _keep(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(sound.tobytes())
    # The telephone program is another user.
    path.chmod(0o644)
