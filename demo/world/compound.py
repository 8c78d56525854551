"""The seeded compound: 60 homes of invented people, staff, hours, and the cast of the script.

Everything that can be the same each time is: names and card numbers follow from the home's place in
the list. PINs and invitations are random, as they always are. Names are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import update

from demo.actors.office import Office
from demo.world.assessment import offer_face
from demo.world.lane_sheets import sheet_of
from demo.world.site_files import CARD_BITS, GATES, LanePlan
from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.records import Method
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action, one_publication
from web_admin.calls.wishes import choose_quiet_hours, switch_calls
from web_admin.compound.age_bands import ADULT, CHILD
from web_admin.compound.models import CredentialRow, Site
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import canonical_card, issue_card
from web_admin.credentials.child_agreements import agree_by_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.notices import publish_notice
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet
from web_admin.people.actions import GrantSpec, add_person, all_lanes, set_grants, set_may_override
from web_admin.people.homes import add_home

GUARD = "guard@demo.test"
STAFF = {GUARD: "guard", "installer@demo.test": "installer", "privacy@demo.test": "privacy_officer"}
"""Sign-ins beside the manager's, and their roles."""
SITE_NAME = "柳岸家园 Willow Bank"
TIMEZONE = "Asia/Shanghai"
ASK_AGAIN_SECONDS = 0.4
PULSE_SECONDS = 1.0
HOMES = 60
HOMES_AT_ONCE = 12

FAMILY_NAMES = (
    "李",
    "王",
    "张",
    "刘",
    "陈",
    "杨",
    "赵",
    "黄",
    "周",
    "吴",
    "徐",
    "孙",
    "胡",
    "朱",
    "高",
    "林",
)
GIVEN_NAMES = (
    "伟",
    "芳",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
)
OTHER_NAMES = ("Amina Yusuf", "Jonas Becker", "Priya Nair", "Tomás Rivera", "Yuki Mori", "Aigul Sadykova")

NOTICE = {
    "en": {
        "handler_name": "Willow Bank property office",
        "handler_contact": "Front desk, building 1, telephone 6-0000",
        "purpose": "Opening the north gate by your face, only when you press “face” there.",
        "method": "The gate itself compares a picture it never stores with a sealed template it alone holds.",
        "retention": "Until you switch it off; at most until you move out.",
        "necessity": "Not needed. Card, PIN and QR code open the same gates at the same hours.",
        "effect": "Saying no, now or later, changes nothing else.",
        "rights": "See it, have it deleted, withdraw at any time on your phone or at the desk.",
        "complaints": "The property office, or the data protection authority.",
    },
    "zh": {
        "handler_name": "柳岸家园物业服务中心",
        "handler_contact": "1 号楼前台，电话 6-0000",
        "purpose": "仅当您在北门按下“刷脸”时，用人脸开门。",
        "method": "由闸机本机比对，画面不保存；加密模板只存在闸机内。",
        "retention": "直到您关闭为止；最迟至您搬离。",
        "necessity": "并非必需。门卡、密码、二维码在相同时间打开相同的门。",
        "effect": "现在或以后拒绝，其他一切不变。",
        "rights": "可查阅、删除，可随时在手机或前台撤回。",
        "complaints": "物业服务中心，或网信部门。",
    },
}


@dataclass(slots=True)
class Member:
    """One of the cast: `card` is the whole number of the metal, `home` is typed without its dash."""

    name: str
    home: str
    card: int
    person_id: str = ""
    card_id: str = ""
    pin: str = ""

    @property
    def typed_home(self) -> str:
        """Return the home's number as a keypad without a dash takes it."""
        return self.home.replace("-", "")


@dataclass(slots=True)
class Compound:
    """The seeded compound: the cast by role, every card on the bench page, the staff's sign-ins."""

    cast: dict[str, Member] = field(default_factory=dict)
    cards: list[Member] = field(default_factory=list)
    hours_id: str = ""

    def __getitem__(self, role: str) -> Member:
        return self.cast[role]


CAST = {
    # role: (place of the home in the list, name)
    "resident": (17, "李晓雯 Li Xiaowen"),
    "neighbour": (23, "Jonas Becker"),
    "face_a": (40, "陈静 Chen Jing"),
    "face_b": (40, "陈杰 Chen Jie"),
    "child": (40, "陈乐 Chen Le"),
    "leaver": (44, "赵磊 Zhao Lei"),
    "stayer": (45, "Priya Nair"),
    "shifted": (46, "Yuki Mori"),
}
METHODS = {
    "resident": ("card", "pin", "qr"),
    "neighbour": ("card", "pin"),
    "face_a": ("card", "pin"),
}
UNKNOWN_CARD = 0xA15EBAD1
AGREED_FOR_CHILD = "我是这个孩子的监护人，同意门禁为其保存门卡和数字密码，只用于开门。我可以随时撤回。"


def home_number(place: int) -> str:
    """Return the number of the home at a place of the list: building, floor, door."""
    return f"{1 + place // 12}-{1 + place % 6:02d}{1 + place // 6 % 2:02d}"


def card_number(place: int, member: int) -> int:
    """Return a card's whole 32 bits, different from all others in the 24 that every reader sends."""
    top = sha256(f"menjin-demo-card/{place}/{member}".encode()).digest()[0]
    middle = sha256(f"menjin-demo-card/{place}".encode()).digest()[1]
    return (top << 24) | (middle << 16) | (place << 8) | (0x11 + member * 0x37)


def invented_name(place: int, member: int) -> str:
    """Return an invented name, the same each time."""
    digest = sha256(f"menjin-demo-name/{place}/{member}".encode()).digest()
    if digest[0] % 6 == 0:
        return OTHER_NAMES[digest[1] % len(OTHER_NAMES)]
    return FAMILY_NAMES[digest[1] % len(FAMILY_NAMES)] + GIVEN_NAMES[digest[2] % len(GIVEN_NAMES)]


def seed(office: Office, staff_password: str, totp_secrets: Mapping[str, str]) -> Compound:
    """Fill a new server: gates, lanes, hours, notice, homes, people, staff; a dozen homes a transaction."""
    compound = Compound()
    with office.act() as act:
        site = act.session.get_one(Site, office.site_id)
        site.card_bits, site.ask_again_seconds = CARD_BITS, ASK_AGAIN_SECONDS
        for plan in GATES:
            add_gate(act, plan.gate_id, plan.name)
            # Ways out first: who counts people in has to know that they are counted out.
            for lane in sorted(plan.lanes, key=lambda lane: lane.direction, reverse=True):
                seed_lane(act, plan.gate_id, lane)
        publish_notice(act, FACE_PURPOSE, NOTICE)
        offer_face(act, {lane.lane_id: lane.methods for plan in GATES for lane in plan.lanes})
        compound.hours_id = save_hours(act, None, "另一时段 Other hours", _hours_without(act.now)).hours_id
        for email, role in STAFF.items():
            create_staff(act.session, role, email, staff_password, totp_secrets[email])
    for first in range(0, HOMES, HOMES_AT_ONCE):
        with office.act() as act, one_publication(act) as each:
            for place in range(first, min(first + HOMES_AT_ONCE, HOMES)):
                _seed_home(each, compound, place)
    with office.act() as act:
        _seed_staff(act, compound)
        act.session.execute(update(CredentialRow).values(in_hand=True))  # people have used them for long
    return compound


def seed_lane(act: Action, gate_id: str, lane: LanePlan) -> None:
    """Add a lane and put it live with its sheet; face comes when it was assessed."""
    without_face = tuple(method for method in lane.methods if method != Method.FACE)
    spec = LaneSpec(
        lane.lane_id,
        lane.name,
        lane.direction,
        without_face,
        pulse_seconds=PULSE_SECONDS,
        interlock_with=lane.interlock_with,
        antipassback=lane.antipassback,
        area_is_closed=lane.antipassback == "hard",
    )
    save_lane(act, gate_id, spec)
    save_sheet(act, lane.lane_id, sheet_of(lane.lane_id, lane.lock[0], camera=lane.camera))


def _hours_without(now: datetime) -> tuple[Span, ...]:
    """Return hours of one hour a day that are twelve hours away from now."""
    local = (now + timedelta(hours=12)).astimezone(ZoneInfo(TIMEZONE))
    start = local.hour * 60
    return (Span(tuple(DAY_KINDS), start, start + 60),)


def _seed_home(act: Action, compound: Compound, place: int) -> None:
    number = home_number(place)
    roles = [role for role, (at, _name) in CAST.items() if at == place]
    count = max(len(roles), 1 + sha256(f"menjin-demo-size/{place}".encode()).digest()[0] % 3)
    home = add_home(act, number)
    for index in range(count):
        role = roles[index] if index < len(roles) else None
        name = CAST[role][1] if role else invented_name(place, index)
        member = Member(name, number, card_number(place, index))
        language = "en" if name.isascii() else "zh"
        age_band = CHILD if role == "child" else ADULT
        person = add_person(
            act,
            display_name=name,
            home_id=home.home_id,
            language=language,
            age_band=age_band,
            lanes=all_lanes(act),  # everyone here has a car, so they may pass the garage too
        )
        member.person_id = person.person_id
        if index == 0:  # each home can be called from the gates, at night too
            switch_calls(act, person, on=True)
            choose_quiet_hours(act, person, None)
        if role == "child":
            _let_mother_agree(act, compound, person.person_id)
        member.card_id = issue_card(act, person.person_id, member.card).credential_id
        methods = METHODS.get(role or "", ("card",))
        if "pin" in methods:
            member.pin = issue_pin(act, person.person_id)
        if methods != ("card",):
            choose_methods(act, person.person_id, methods_without_phone(methods))
        compound.cards.append(member)
        if role:
            compound.cast[role] = member


def _let_mother_agree(act: Action, compound: Compound, child_id: str) -> None:
    """Record the agreement to a child's card as the office does: by the guardian's own card at its reader."""
    site = act.session.get_one(Site, act.site_id)
    agree_by_card(act, child_id, canonical_card(compound.cast["face_a"].card, site), "zh", AGREED_FOR_CHILD)


def methods_without_phone(methods: tuple[str, ...]) -> set[Method]:
    """Return the ways that need no phone yet; the phone itself switches the code on."""
    return {Method(method) for method in methods if method != "qr"}


def _seed_staff(act: Action, compound: Compound) -> None:
    with one_publication(act) as each:
        _let_pass_at_other_hours(each, compound, compound["shifted"].person_id)
        for index, (role, name, kind) in enumerate(
            (
                ("guard", "保安 何建国 He Jianguo", "staff"),
                ("helper", "阿姨 钱玉梅 Qian Yumei", "helper"),
                ("gardener", "Tomás Rivera", "staff"),
            )
        ):
            member = Member(name, "", card_number(HOMES + index, 0))
            person = add_person(each, display_name=name, kind=kind)
            member.person_id = person.person_id
            member.card_id = issue_card(each, person.person_id, member.card).credential_id
            if role == "guard":
                set_may_override(each, person.person_id, True)
            if role == "helper":
                _let_pass_at_other_hours(each, compound, person.person_id)
                compound.cards.append(member)
            compound.cast[role] = member


def _let_pass_at_other_hours(act: Action, compound: Compound, person_id: str) -> None:
    lanes = tuple(lane.lane_id for plan in GATES for lane in plan.lanes)
    asked = replace(act, because="asked")
    set_grants(asked, person_id, [GrantSpec(lanes, hours_id=compound.hours_id)])
