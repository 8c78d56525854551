"""Messages between the screen's page and the controller about a call's sound and picture.

The page has the microphone, the loudspeaker and, while the gate lends it, the camera. It says several times
a second how it is; each word is the whole state, so that one that was lost does no harm.
"""

from typing import Annotated, Literal

import msgspec

from gate_controller.contract.call_media import MediaRelays, MediaSide

CallKey = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")]
SoundTrouble = Literal["", "lost", "no_microphone", "no_camera"]
SoundPart = Literal["microphone", "camera"]
SoundNote = Literal["", "sound_no_microphone", "sound_no_camera", "sound_lost", "camera_in_call"]


class SoundShown(msgspec.Struct, frozen=True, kw_only=True):
    """Sound and picture of the call that goes on; the page has none where the view has none."""

    call: CallKey
    answer: MediaSide | None = None
    """The side of who answered, to the page's last offer."""
    relays: MediaRelays | None = None
    """The way for the page where neither side reaches the other."""
    speaks: bool = False
    """True once a page has answered: only then the microphone is opened."""
    picture: bool = False
    """True while the page may have the camera: the gate's own program has closed it."""


class SoundSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="sound", tag_field="act"):
    """How sound and picture are on the page."""

    call: CallKey = ""
    """Empty after the last call."""
    offer: MediaSide | None = None
    camera_open: bool = False
    """Also while the browser is opening or closing it."""
    trouble: SoundTrouble = ""
    is_connected: bool = False
    """True while the page that answered is met."""
    works: tuple[SoundPart, ...] = ()
    """Devices that have worked in this call; a browser does not know of its loudspeaker."""
