"""The settings, sent as their page shows them."""

import re

from tests.support.compounds.resident import csrf_of


def send(client, page_path, path=None, form=0, **data):
    page = client.get(page_path).text
    once = re.findall(r'name="once"[^>]*value="([^"]+)"', page)[form]
    return client.post(
        path or page_path,
        data={"csrf_token": csrf_of(page), "once": once} | data,
        content_type="multipart/form-data",
    )


SITE = {
    "name": "柳苑 Willow",
    "office_contact": "021-5555 0100",
    "language": "en",
    "card_bits": "32",
    "timezone": "Asia/Shanghai",
    "face_pause_hours": "48",
}
