"""Read a picture file from outside, with a limit on the memory it may use.

Only a regular file is read, and the picture's size in its header comes before the picture: a device never
ends, and a small file can unpack to gigabytes.
"""

from pathlib import Path

from face_laboratory.animations import animation_of
from gate_controller.face.engines.errors import UnusablePicture
from hardware.cameras.pictures import MAX_PICTURE_PIXELS, decode_picture, picture_size
from hardware.files import FileTooLarge, NoRegularFile, read_regular
from hardware.interfaces import Frame

MAX_PICTURE_BYTES = 20_000_000


def read_picture(path: Path) -> Frame:
    """Return the picture as height × width × 3, BGR, turned upright; the caller wipes it.

    Raise UnusablePicture, naming the file and the remedy, for anything but a still JPEG or PNG,
    of at most 20 megabytes and 40 megapixels.
    """
    try:
        content = read_regular(path, MAX_PICTURE_BYTES)
    except NoRegularFile as fault:
        raise UnusablePicture(f"{fault}. Give a JPEG or PNG file.") from fault
    except FileTooLarge as fault:
        raise UnusablePicture(f"{fault}, which is the most for a picture. Make it smaller.") from fault
    except OSError as fault:
        raise UnusablePicture(f"{path} cannot be read: {fault.strerror}.") from fault
    kind = animation_of(content)
    if kind is not None:
        raise UnusablePicture(f"{path} is a moving picture ({kind}). Give one of its frames as JPEG or PNG.")
    unreadable = UnusablePicture(f"{path} is not a readable picture. Give a JPEG or PNG file.")
    size = picture_size(content)
    if size is None:
        raise unreadable
    width, height = size
    if width * height > MAX_PICTURE_PIXELS:
        raise UnusablePicture(
            f"{path} has {width} × {height} pixels; the most is {MAX_PICTURE_PIXELS:,}. Make it smaller."
        )
    picture = decode_picture(content)
    if picture is None:
        raise unreadable
    return picture
