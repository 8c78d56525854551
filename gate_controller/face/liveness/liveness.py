"""Decide over the frames of one session whether a living person is before the camera.

Three checks, of which each may refuse alone: the same pixels come again (a frozen or fed-in picture),
the head does not turn when asked (`challenge`), and, where an operator added the models, a network
that knows prints and screens (`passive_liveness`). A deterrent: docs/face.md says what passes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

from gate_controller.face.engines.engine import FoundFace
from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.liveness.capture_checks import MAX_TURN_IN_EYE_DISTANCES
from gate_controller.face.liveness.challenge import Challenge
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame

MIN_DIFFERENT_FRAMES = 2
MAX_RETURNS = 1
"""How often a picture may come back after another one: a loop does it again and again."""
MAX_RUN = 4
"""How often one picture may come again at once: drivers hand out a buffer twice, and a slow camera
stops for a moment. Such a frame is skipped."""
PASSIVE_FRAMES = 4
"""Straight frames whose mean decides; one frame alone is wrong too often."""


class LivenessVerdict(StrEnum):
    """Result of a liveness check so far."""

    UNSURE = "unsure"
    PASSED = "passed"
    NOT_LIVE = "not_live"


@dataclass(frozen=True, slots=True)
class Liveness:
    """Result after a frame, and the next instruction to the person."""

    verdict: LivenessVerdict = LivenessVerdict.UNSURE
    reason: FaceReason | None = None
    """When NOT_LIVE, why."""
    hint: FaceReason | None = None
    prompt: Prompt = Prompt.NOTHING
    straight: bool = True
    """True if this frame shows the face straight, so that it may be compared with a template."""
    turned: bool = False
    """True if it shows the head turned as only a head can; it must be the same person then."""
    max_turn: float = MAX_TURN_IN_EYE_DISTANCES
    """How far the next frame's face may be turned, in eye distances."""


class LivenessCheck(Protocol):
    """Watches the frames of one session; one object a session."""

    @property
    def now(self) -> Liveness:
        """Return what is known after the frames so far."""
        ...

    @property
    def needs_turned_frames(self) -> bool:
        """Return whether a session must have seen the person's face turned."""
        ...

    def offer(self, frame: Frame, face: FoundFace, at_seconds: float) -> Liveness:
        """Look at one usable frame; keep none of its pixels. Seconds on a clock that never goes back."""
        ...

    def missed(self, at_seconds: float) -> Liveness:
        """Take note of a frame that could not be used."""
        ...

    def close(self) -> None:
        """Overwrite what is still held of the frames."""
        ...


class PictureJudge(Protocol):
    """Estimates from one frame how sure it is that no print and no screen is shown."""

    @property
    def min_mean(self) -> float:
        """Return the mean over frames below which a session is refused."""
        ...

    def live_share(self, frame: Frame, face: FoundFace) -> float:
        """Return 0 (a picture) to 1 (a person)."""
        ...

    def clear(self) -> None:
        """Overwrite what the networks hold of the last frame."""
        ...


class FrozenPictureCheck:
    """Refuses a session in which the same face pixels come again, and asks the person nothing."""

    needs_turned_frames = False

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._newest = b""
        self._run = 0
        self._returns = 0

    @property
    def now(self) -> Liveness:
        """Return NOT_LIVE once pixels came back too often, PASSED once two frames differed."""
        if self._returns > MAX_RETURNS or self._run > MAX_RUN:
            return Liveness(LivenessVerdict.NOT_LIVE, FaceReason.NOT_LIVE)
        if len(self._seen) >= MIN_DIFFERENT_FRAMES:
            return Liveness(LivenessVerdict.PASSED)
        return Liveness()

    @property
    def repeats(self) -> bool:
        """Return whether the last frame was the one before it once more."""
        return self._run > 0

    def offer(self, frame: Frame, face: FoundFace, _at_seconds: float) -> Liveness:
        """Remember the digest of the face's pixels."""
        left, top, width, height = (round(side) for side in face.box)
        pixels = frame[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
        row_by_row = blake2b(digest_size=32)
        for row in pixels:
            # Where the rows lie: a copy of the whole face would be one more to overwrite.
            row_by_row.update(row.reshape(-1))
        digest = row_by_row.digest()
        if digest == self._newest:
            self._run += 1
        else:
            self._run = 0
            self._returns += digest in self._seen
        self._seen.add(digest)
        self._newest = digest
        return self.now

    def missed(self, _at_seconds: float) -> Liveness:
        """Learn nothing from a frame without a usable face."""
        return self.now

    def close(self) -> None:
        """Forget the digests."""
        self._seen.clear()


class PersonCheck:
    """All checks of one session together.

    Raise BadFaceSetting when the active check is switched off and there is no judge to take its place.
    """

    def __init__(
        self,
        *,
        judge: PictureJudge | None = None,
        active: bool = True,
        make_challenge: Callable[[], Challenge] = Challenge,
    ) -> None:
        if not active and judge is None:
            raise BadFaceSetting(
                "The turn of the head may be left out only where both passive liveness models are added: "
                "run `menjin face models add FILE` for each, or ask for the turn."
            )
        self._frozen = FrozenPictureCheck()
        self._challenge = make_challenge() if active else None
        self._judge = judge
        self._live_shares: list[float] = []
        self._now = Liveness(prompt=Prompt.LOOK_STRAIGHT)
        self._refresh(straight=True)

    @property
    def needs_turned_frames(self) -> bool:
        return self._challenge is not None

    @property
    def now(self) -> Liveness:
        return self._now

    def offer(self, frame: Frame, face: FoundFace, at_seconds: float) -> Liveness:
        """Look at one usable frame with every check."""
        if self._frozen.offer(frame, face, at_seconds).verdict is LivenessVerdict.NOT_LIVE:
            self._now = Liveness(LivenessVerdict.NOT_LIVE, FaceReason.NOT_LIVE)
            return self._now
        if self._frozen.repeats:
            self._now = replace(self._now, straight=False, turned=False, hint=None)
            return self._now
        straight = True
        if self._challenge is not None:
            straight = not self._challenge.turning
            self._challenge.offer(face, at_seconds)
            straight = (straight and not self._challenge.turning) or self._challenge.passed
        if self._judge is not None and straight and len(self._live_shares) < PASSIVE_FRAMES:
            self._live_shares.append(self._judge.live_share(frame, face))
        return self._refresh(straight=straight)

    def missed(self, at_seconds: float) -> Liveness:
        """Advance the time of the challenge."""
        if self._challenge is not None:
            self._challenge.missed(at_seconds)
        return self._refresh(straight=False)

    def close(self) -> None:
        """Overwrite what the judge's networks hold."""
        if self._judge is not None:
            self._judge.clear()
        self._frozen.close()

    def _refresh(self, *, straight: bool) -> Liveness:
        verdict, reason = self._judged()
        asked = self._challenge
        if asked is None:
            self._now = Liveness(verdict, reason, prompt=Prompt.LOOK_STRAIGHT)
            return self._now
        if asked.refusal is not None:
            verdict, reason = LivenessVerdict.NOT_LIVE, asked.refusal
        elif not asked.passed and verdict is LivenessVerdict.PASSED:
            verdict = LivenessVerdict.UNSURE
        self._now = Liveness(
            verdict,
            reason,
            asked.hint,
            Prompt.LOOK_STRAIGHT if asked.passed else asked.prompt,
            straight,
            asked.turned_now,
            asked.max_turn,
        )
        return self._now

    def _judged(self) -> tuple[LivenessVerdict, FaceReason | None]:
        if self._judge is None:
            return self._frozen.now.verdict, None
        if len(self._live_shares) < PASSIVE_FRAMES:
            return LivenessVerdict.UNSURE, None
        if sum(self._live_shares) / len(self._live_shares) < self._judge.min_mean:
            return LivenessVerdict.NOT_LIVE, FaceReason.LOOKS_FLAT
        return self._frozen.now.verdict, None
