"""Detect from a file's bytes that it is an animation, which has no single frame to compare.

APNG (W3C PNG, third edition: a chunk `acTL` before the first `IDAT`), GIF89a (more than one image
descriptor) and WebP (RIFF, chunk `VP8X` with the animation flag). Every step goes forward in the file,
so no torn or hostile one takes longer than its length.
"""

from hardware.cameras.pictures import PNG_SIGNATURE

GIF_SIGNATURES = (b"GIF87a", b"GIF89a")
WEBP_ANIMATION_FLAG = 0x02


def animation_of(content: bytes) -> str | None:
    """Return what kind of moving picture this is, None for a still picture or another file."""
    if content.startswith(PNG_SIGNATURE):
        return "APNG" if _png_moves(content) else None
    if content.startswith(GIF_SIGNATURES):
        return "GIF" if _gif_images(content) > 1 else None
    if content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8X" and len(content) > 20:
        return "WebP" if content[20] & WEBP_ANIMATION_FLAG else None
    return None


def _png_moves(content: bytes) -> bool:
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(content):
        kind = content[at + 4 : at + 8]
        if kind in (b"acTL", b"IDAT"):
            return kind == b"acTL"
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return False


def _gif_images(content: bytes) -> int:
    """Return how many images a GIF holds, two at most: more need not be counted."""
    if len(content) < 13:
        return 0
    at, images = 13 + _colours_bytes(content[10]), 0
    while at < len(content) and images < 2:
        if content[at] == 0x21 and at + 2 <= len(content):
            at = _after_blocks(content, at + 2)
        elif content[at] == 0x2C and at + 10 <= len(content):
            images += 1
            at = _after_blocks(content, at + 10 + _colours_bytes(content[at + 9]) + 1)
        else:
            break
    return images


def _colours_bytes(packed: int) -> int:
    return 3 * (2 << (packed & 7)) if packed & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    while at < len(content) and content[at]:
        at += 1 + content[at]
    return at + 1
