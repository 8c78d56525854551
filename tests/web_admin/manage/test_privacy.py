"""The pages of personal data: face switched off for the site, and the notice in force."""

import re

import pytest
from sqlalchemy import select

from tests.support.act_previews import go_on
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Site


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.mark.wide
def test_face_is_switched_off_for_the_whole_site(client, rows):
    shown = send(client, "/manage/privacy", "/manage/privacy/face", face="off")
    without = go_on(client, shown, typed_word="off")
    assert "Nothing was done: type the word “delete”." in without.text
    assert rows(lambda s: s.scalar(select(Site.face_enabled)))
    go_on(client, without)
    assert not rows(lambda s: s.scalar(select(Site.face_enabled)))
    assert "Face is switched off at this compound" in compound_public(client)


def compound_public(client):
    return client.get("/privacy").text


def test_the_public_page_shows_the_notice_in_force_to_strangers(compound):
    client = compound.app.test_client()
    page = client.get("/privacy", headers={"Accept-Language": "zh"}).text
    assert "柳苑物业服务有限公司" in page
    assert "没有人必须刷脸" in page


def test_an_incomplete_notice_is_refused_beside_the_missing_part(client):
    page = client.get("/manage/privacy/notice").text
    names = re.findall(r'name="((?:zh|en)\.[a-z_]+)"', page)
    data = dict.fromkeys(names, "text") | {"zh.retention": ""}
    answer = send(client, "/manage/privacy/notice", **data)
    assert answer.status_code == 422
    assert 'id="zh.retention-wrong-1"' in answer.text
