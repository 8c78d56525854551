"""The scene in front of a simulated camera, with the controls of its bench page.

    scene = CameraScene()               a street by day; every frame has a sensor's noise, no two are alike
    scene.show(picture)                 hold this before the camera (any size; it is fitted)
    scene.act(actor, prompt)            put an actor there who sees what `prompt()` returns
    scene.freeze() / darken() / cover() the picture freezes / the lamp is out / a hand is on the lens
    scene.clear()                       end all of these
    scene.trouble                       "", "frozen", "dark" or "covered"

A scene is seen through a twin: `hardware.simulated.rtsp_camera.RtspTwin(scene)` is a network camera,
whose `unplug()` and `replug()` take it off the network. All may be called from any thread.

What this lies about: only actors move, and the light never changes.
"""

import threading
import time
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from hardware.interfaces import Frame
from hardware.simulated.face_clips import Actor
from hardware.simulated.pictures import SENSOR_NOISE, camera_frame

WIDTH, HEIGHT = 640, 480
DARK_SHARE = 0.01
NOISE_MARGIN = 64

SceneTrouble = Literal["", "frozen", "dark", "covered"]


def street(width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """Return a view of a lane by day, height × width × 3: a wall, a path, a gate's bars."""
    picture = np.full((height, width, 3), (150, 140, 130), np.uint8)
    picture[height * 2 // 3 :] = (95, 100, 105)
    for left in range(width // 10, width, width // 8):
        cv2.rectangle(picture, (left, height // 5), (left + width // 40, height * 3 // 4), (40, 45, 50), -1)
    cv2.rectangle(picture, (0, height // 6), (width, height // 5), (40, 45, 50), -1)
    return picture


def hand_on_the_lens(width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """Return a picture taken under a hand: a warm glow without an edge."""
    across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)
    glow = 30 + 25 * np.outer(np.sin(np.pi * down), np.sin(np.pi * across * 0.8))
    return np.stack([glow * 0.5, glow * 0.7, glow * 1.4], axis=-1).astype(np.uint8)


class CameraScene:
    """A view that gives one noisy frame after the other."""

    def __init__(
        self,
        picture: Frame | None = None,
        *,
        width: int = WIDTH,
        height: int = HEIGHT,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with this picture, or with a street; actors move by the clock `seconds`."""
        self._seconds = seconds
        self._width, self._height = width, height
        self._lock = threading.Lock()
        self._chance = np.random.default_rng(0)
        size = (height + NOISE_MARGIN, width + NOISE_MARGIN, 3)
        self._noise = np.rint(self._chance.normal(0.0, SENSOR_NOISE, size)).astype(np.int16)
        self._covered = hand_on_the_lens(width, height)
        self._trouble: SceneTrouble = ""
        self._still: Frame | None = None
        self._picture = street(width, height)
        self._actor: Actor | None = None
        self._prompt: Callable[[], str] = str
        self._acting_since = 0.0
        self._heard = ""
        if picture is not None:
            self.show(picture)

    @property
    def trouble(self) -> SceneTrouble:
        """Return what is wrong with the view."""
        return self._trouble

    def show(self, picture: Frame) -> None:
        """Hold a picture before the camera until the next one."""
        fitted = camera_frame(picture, width=self._width, height=self._height)
        with self._lock:
            self._picture, self._actor = fitted, None

    def act(self, actor: Actor, prompt: Callable[[], str]) -> None:
        """Put an actor before the camera, who reads the screen through `prompt`."""
        with self._lock:
            self._actor, self._prompt, self._acting_since = actor, prompt, self._seconds()
            self._heard = ""

    def freeze(self) -> None:
        """Send the same frame again and again, as a hung camera does."""
        self._set("frozen")

    def darken(self) -> None:
        """Take the light away."""
        self._set("dark")

    def cover(self) -> None:
        """Lay a hand on the lens."""
        self._set("covered")

    def clear(self) -> None:
        self._set("")

    def next_frame(self) -> Frame:
        """Return the next frame, height × width × 3, the caller's to overwrite."""
        with self._lock:
            if self._actor is not None and not self._trouble:
                return self._acted(self._actor)
            if self._trouble == "frozen":
                if self._still is None:
                    self._still = self._noisy(self._picture)
                return self._still.copy()
            if self._trouble == "dark":
                return self._noisy((self._picture * DARK_SHARE).astype(np.uint8))
            return self._noisy(self._covered if self._trouble == "covered" else self._picture)

    def _acted(self, actor: Actor) -> Frame:
        seconds = self._seconds() - self._acting_since
        asked = self._prompt()
        if asked != self._heard:
            self._heard = asked
            actor.hears(asked, seconds)
        return actor.frame(seconds)

    def _set(self, trouble: SceneTrouble) -> None:
        with self._lock:
            self._trouble, self._still = trouble, None

    def _noisy(self, picture: Frame) -> Frame:
        top, left = (int(n) for n in self._chance.integers(0, NOISE_MARGIN, 2))
        noise = self._noise[top : top + self._height, left : left + self._width]
        return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)
