"""Turn a portrait on a surface before a simulated camera: a head, a flat print, a bent or a folded one.

    head = Surface(camera_frame(portrait), landmarks, Shape.HEAD)
    frame = head.seen(Pose(yaw_degrees=20))      # the person's left is the picture's right

Every point of the picture is given a depth, turned, and projected as a camera 60 centimetres away
would see it; the map is inverted by fixed-point iteration and the portrait resampled once. Lengths
are in eye distances (about 63 millimetres), so the same code serves any picture.

What this lies about: the head is half an ellipsoid with a nose, the same for everybody; hair and
ears are smeared where they come into view; the light does not change with the turn; the eyes do not blink.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Frame

Points = NDArray[np.float32]
Field = NDArray[np.float64]

CAMERA_DISTANCE = 10.0
HALF_HEAD = (1.2, 1.95)
"""Half width and half height of the face's ellipse, about the point between eyes and nose tip."""
HEAD_CENTRE_DOWN = 0.55
HEAD_DEPTH = 1.3
"""From the ears' axis to the face without its nose."""
NOSE_HEIGHT = 0.28
"""From cheek to tip, about 18 millimetres; with the curve of the face the tip is then 0.45 before
the plane of eyes and mouth corners."""
NOSE_HALF_WIDTH = 0.2
NOSE_HALF_LENGTH = 0.32
GRID_STEP_PIXELS = 4
INVERSION_ROUNDS = 8
ROOM = 160
"""Grey of the wall behind a print that is held before the camera."""


class Shape(StrEnum):
    """Shape of the surface that the picture lies on."""

    HEAD = "head"
    FLAT = "flat"
    CYLINDER = "cylinder"
    """Bent round an upright axis, as paper round a bottle."""
    FOLDED = "folded"
    """Folded along the nose, as a paper mask."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Pose of the surface; the person's own left and right."""

    yaw_degrees: float = 0.0
    """Positive to the person's left."""
    pitch_degrees: float = 0.0
    """Positive upwards."""
    roll_degrees: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    """Right and down in the picture, in eye distances."""
    scale: float = 1.0


class Surface:
    """One picture on one surface; see the module's text."""

    def __init__(
        self,
        picture: Frame,
        landmarks: Points,
        shape: Shape,
        *,
        nose_height: float = NOSE_HEIGHT,
        bend_radius: float = 1.2,
        fold_degrees: float = 30.0,
    ) -> None:
        """Lay the picture (height × width × 3) on the surface; landmarks 5 × 2 pixels, as engines give them.

        `bend_radius` in eye distances; `fold_degrees` is by how much each half is bent back.
        """
        self._picture = picture
        right_eye, left_eye = landmarks[0].astype(float), landmarks[1].astype(float)
        self._origin = (right_eye + left_eye) / 2
        along = left_eye - right_eye
        self.eye_distance = float(np.hypot(*along))
        self._tilt = float(np.arctan2(along[1], along[0]))
        nose = self._to_face(*(float(value) for value in landmarks[2]))
        self._height, self._width = picture.shape[:2]
        columns = np.arange(0, self._width + GRID_STEP_PIXELS, GRID_STEP_PIXELS, dtype=float)
        rows = np.arange(0, self._height + GRID_STEP_PIXELS, GRID_STEP_PIXELS, dtype=float)
        self._columns, self._rows = np.meshgrid(columns, rows)
        x, y = self._to_face(self._columns, self._rows)
        self._moves = np.ones_like(x)
        if shape is Shape.HEAD:
            rho2 = (x / HALF_HEAD[0]) ** 2 + ((y - HEAD_CENTRE_DOWN) / HALF_HEAD[1]) ** 2
            skull = HEAD_DEPTH * np.sqrt(np.clip(1.0 - rho2, 0.0, None))
            skull = np.asarray(cv2.GaussianBlur(skull, (0, 0), 0.12 * self.eye_distance / GRID_STEP_PIXELS))
            above = np.where(y < nose[1], NOSE_HALF_LENGTH, NOSE_HALF_LENGTH / 2)
            ridge = np.exp(-(((x - nose[0]) / NOSE_HALF_WIDTH) ** 2) - ((y - nose[1]) / above) ** 2)
            self._solid = (x, y, skull + nose_height * ridge)
            self._moves = np.clip((1.5 - np.sqrt(rho2)) / 0.5, 0.0, 1.0)
        elif shape is Shape.CYLINDER:
            angle = np.clip(x / bend_radius, -np.pi / 2, np.pi / 2)
            self._solid = (bend_radius * np.sin(angle), y, bend_radius * (np.cos(angle) - 1))
        elif shape is Shape.FOLDED:
            fold = np.radians(fold_degrees)
            self._solid = (x * np.cos(fold), y, -np.abs(x) * np.sin(fold))
        else:
            self._solid = (x, y, np.zeros_like(x))
        self._is_head = shape is Shape.HEAD

    def seen(self, pose: Pose) -> Frame:
        """Return what the camera sees, height × width × 3, without noise; the caller's own."""
        moved = self._moved(pose)
        across, down = moved[0] - self._columns, moved[1] - self._rows
        map_x, map_y = self._columns.copy(), self._rows.copy()
        for _round in range(INVERSION_ROUNDS):
            at_x = (map_x / GRID_STEP_PIXELS).astype(np.float32)
            at_y = (map_y / GRID_STEP_PIXELS).astype(np.float32)
            off_x = cv2.remap(across, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            off_y = cv2.remap(down, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            map_x, map_y = self._columns - off_x, self._rows - off_y
        full = (map_x.shape[1] * GRID_STEP_PIXELS, map_x.shape[0] * GRID_STEP_PIXELS)
        shift = (GRID_STEP_PIXELS - 1) / 2
        fine = [
            cv2.warpAffine(
                plane.astype(np.float32),
                np.array([[GRID_STEP_PIXELS, 0.0, 0.0], [0.0, GRID_STEP_PIXELS, 0.0]]),
                full,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )[: self._height, : self._width]
            for plane in (map_x, map_y)
        ]
        del shift
        border = cv2.BORDER_REPLICATE if self._is_head else cv2.BORDER_CONSTANT
        seen = cv2.remap(
            self._picture, fine[0], fine[1], cv2.INTER_LINEAR, borderMode=border, borderValue=(ROOM,) * 3
        )
        return np.asarray(seen, dtype=np.uint8)

    def _to_face(self, column: "Field | float", row: "Field | float") -> "tuple[Field, Field]":
        right, down = column - self._origin[0], row - self._origin[1]
        cos, sin = np.cos(self._tilt), np.sin(self._tilt)
        return (
            np.asarray((right * cos + down * sin) / self.eye_distance),
            np.asarray((down * cos - right * sin) / self.eye_distance),
        )

    def _moved(self, pose: Pose) -> tuple[Field, Field]:
        """Return where each grid point of the picture is seen, in pixels."""
        x, y, z = self._solid
        yaw, pitch = np.radians(pose.yaw_degrees), np.radians(pose.pitch_degrees)
        x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
        low = y - HEAD_CENTRE_DOWN
        y = low * np.cos(pitch) - z * np.sin(pitch) + HEAD_CENTRE_DOWN
        z = z * np.cos(pitch) + low * np.sin(pitch)
        nearer = CAMERA_DISTANCE / (CAMERA_DISTANCE - z)
        upright = CAMERA_DISTANCE / (CAMERA_DISTANCE - self._solid[2])
        # The picture itself was taken from that distance: straight at the camera, nothing changes.
        x, y = x * nearer / upright, (y - HEAD_CENTRE_DOWN) * nearer / upright + HEAD_CENTRE_DOWN
        roll = np.radians(pose.roll_degrees)
        x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
        x, y = x * pose.scale + pose.shift[0], y * pose.scale + pose.shift[1]
        still_x, still_y = self._to_face(self._columns, self._rows)
        x, y = still_x + self._moves * (x - still_x), still_y + self._moves * (y - still_y)
        cos, sin = np.cos(self._tilt), np.sin(self._tilt)
        return (
            self._origin[0] + (x * cos - y * sin) * self.eye_distance,
            self._origin[1] + (x * sin + y * cos) * self.eye_distance,
        )
