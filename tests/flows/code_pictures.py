"""Pictures of a code as a camera sees them."""

from io import BytesIO

import qrcode

from hardware.cameras.pictures import decode_picture
from hardware.interfaces import Frame


def code_picture(text: str) -> Frame:
    code = qrcode.QRCode(box_size=6)
    code.add_data(text)
    picture = decode_picture(png(code))
    assert picture is not None
    return picture


def png(code: qrcode.QRCode) -> bytes:
    body = BytesIO()
    code.make_image().save(body, "PNG")
    return body.getvalue()
