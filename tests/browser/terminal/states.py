"""Every state of the screen, and questions about how it is laid out."""

import os
from pathlib import Path

import msgspec
from playwright.sync_api import Page, expect

from gate_controller.contract.records import Method
from gate_controller.terminal.call_shown import CallShown
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import HelpCall, Screen, TerminalView

ALL_METHODS = tuple(Method)
NO_FACE = (Method.CARD, Method.PIN, Method.QR)
LONGEST_PAGE = (
    "您可以随时查阅、复制、更正或删除这些信息，也可以随时收回同意，无需说明理由；收回之后，"
    "这个门会立即删除您的人脸，其他方式照旧可用。请联系物业办公室。"
)
LABELS = (
    "王",
    "Chen & Li",
    "三楼的陈家和他们的孩子小小陈",
    "Physiotherapy on the third floor left",
    "Yoga",
    "李",
)
SHOWN = {
    "idle": TerminalView(screen=Screen.IDLE, methods_offered=ALL_METHODS),
    "idle_no_face": TerminalView(screen=Screen.IDLE, methods_offered=NO_FACE, camera="codes_only"),
    "idle_offline": TerminalView(
        screen=Screen.IDLE, methods_offered=NO_FACE, online=False, clock_sure=False, slower=True
    ),
    "idle_dark": TerminalView(screen=Screen.IDLE, methods_offered=NO_FACE, camera_trouble="dark"),
    "idle_readers_lost": TerminalView(
        screen=Screen.IDLE, methods_offered=NO_FACE, methods_lost=NO_FACE, camera_trouble="dark"
    ),
    "idle_covered": TerminalView(
        screen=Screen.IDLE,
        methods_offered=NO_FACE,
        camera="codes_only",
        camera_trouble="covered",
        online=False,
    ),
    "help_called": TerminalView(screen=Screen.IDLE, methods_offered=NO_FACE, help_called=True),
    "help_calling": TerminalView(
        screen=Screen.IDLE,
        methods_offered=NO_FACE,
        help_called=True,
        help_call=HelpCall.CALLING,
        online=False,
    ),
    "help_talking": TerminalView(
        screen=Screen.IDLE, methods_offered=NO_FACE, help_called=True, help_call=HelpCall.TALKING
    ),
    "help_no_one": TerminalView(
        screen=Screen.IDLE, methods_offered=NO_FACE, help_called=True, help_call=HelpCall.NO_ONE
    ),
    "help_offline": TerminalView(
        screen=Screen.IDLE, methods_offered=ALL_METHODS, help_called=True, online=False
    ),
    "help_while_typing": TerminalView(
        screen=Screen.TYPING_PIN, typed_count=3, help_called=True, online=False, slower=True
    ),
    "idle_calls": TerminalView(screen=Screen.IDLE, methods_offered=ALL_METHODS, calls_offered=True),
    "idle_calls_in_trouble": TerminalView(
        screen=Screen.IDLE,
        methods_offered=NO_FACE,
        methods_lost=(Method.CARD,),
        calls_offered=True,
        online=False,
        camera_trouble="dark",
    ),
    "choose_calls": TerminalView(screen=Screen.CHOOSE, methods_offered=ALL_METHODS, calls_offered=True),
    "call_number": TerminalView(screen=Screen.CALL_NUMBER, call=CallShown(home="3-1203", has_list=True)),
    "call_courier": TerminalView(screen=Screen.CALL_NUMBER, call=CallShown(is_courier=True), slower=True),
    "call_list": TerminalView(
        screen=Screen.CALL_LIST,
        call=CallShown(
            entries=tuple(f"{label} · 12-2-120{n}" for n, label in enumerate(LABELS)), page=2, pages=9
        ),
    ),
    "calling": TerminalView(screen=Screen.CALLING, call=CallShown(home="12-2-1203")),
    "calling_beside": TerminalView(
        screen=Screen.CALLING, methods_offered=ALL_METHODS, call=CallShown(home="12-2-1203")
    ),
    "calling_help": TerminalView(
        screen=Screen.CALLING,
        methods_offered=NO_FACE,
        call=CallShown(home="3-1203"),
        help_called=True,
        help_call=HelpCall.TALKING,
    ),
    "call_answered": TerminalView(screen=Screen.CALL_ANSWERED, call=CallShown(home="3-1203")),
    "call_speak": TerminalView(
        screen=Screen.CALL_ANSWERED, message="call_speak", call=CallShown(home="3-1203"), slower=True
    ),
    "calling_filmed": TerminalView(
        screen=Screen.CALLING, call=CallShown(home="3-1203"), sound_note="camera_in_call"
    ),
    "call_seen": TerminalView(
        screen=Screen.CALL_ANSWERED,
        methods_offered=NO_FACE,
        message="call_speak",
        camera="call",
        call=CallShown(home="3-1203"),
    ),
    "call_unheard": TerminalView(
        screen=Screen.CALL_ANSWERED,
        methods_offered=NO_FACE,
        camera="call",
        call=CallShown(home="3-1203"),
        sound_note="sound_no_microphone",
    ),
    "call_reply": TerminalView(
        screen=Screen.CALL_ANSWERED,
        prompt="reply_leave_with_guard",
        message="call_from",
        call=CallShown(home="12-2-1203", is_courier=True),
    ),
    "call_no_calls": TerminalView(
        screen=Screen.CALL_OVER,
        prompt="call_no_calls",
        message="call_ask_guard",
        call=CallShown(home="12-2-1203", offers_guard=True),
    ),
    "call_too_many": TerminalView(
        screen=Screen.CALL_OVER,
        prompt="call_too_many",
        message="call_ask_guard",
        call=CallShown(home="3-1203", offers_guard=True),
        online=False,
        slower=True,
    ),
    "call_to_guard": TerminalView(
        screen=Screen.CALL_OVER,
        prompt="reply_leave_with_guard",
        message="call_to_guard",
        call=CallShown(home="3-1203", is_courier=True),
        help_called=True,
        help_call=HelpCall.CALLING,
    ),
    "call_at_guard": TerminalView(
        screen=Screen.CALLING,
        prompt="call_guard_called",
        message="call_to_guard",
        call=CallShown(home="3-1203"),
        help_called=True,
        help_call=HelpCall.CALLING,
    ),
    "call_guard_answered": TerminalView(
        screen=Screen.CALL_ANSWERED,
        prompt="call_guard_answered",
        message="call_guard_reads",
        call=CallShown(home="3-1203"),
    ),
    "call_guard_reply": TerminalView(
        screen=Screen.CALL_ANSWERED,
        prompt="reply_coming",
        message="call_from_guard",
        call=CallShown(home="3-1203"),
    ),
    "call_sent_away": TerminalView(
        screen=Screen.CALL_OVER, prompt="call_sent_away", call=CallShown(home="3-1203")
    ),
    "show_card": TerminalView(screen=Screen.SHOW_CARD),
    "forgot_card": TerminalView(screen=Screen.FORGOT_CARD, methods_offered=ALL_METHODS),
    "zero_reads": TerminalView(screen=Screen.TYPING_HOME, message="zero_reads", read_aloud=True),
    "typing_home": TerminalView(screen=Screen.TYPING_HOME, typed_home="12-2-1203", online=False),
    "typing_pin": TerminalView(screen=Screen.TYPING_PIN, typed_count=8, slower=True),
    "show_code": TerminalView(screen=Screen.SHOW_CODE, camera="codes_only", seconds_left=20),
    "show_code_to_scanner": TerminalView(
        screen=Screen.SHOW_CODE, message="code_to_scanner", camera_trouble="lost", seconds_left=20
    ),
    "face_looking": TerminalView(
        screen=Screen.FACE_LOOKING, camera="looking", seconds_left=8, message="too_small"
    ),
    "face_after_card": TerminalView(screen=Screen.SHOW_CARD, message="face_after_card"),
    "face_home": TerminalView(screen=Screen.TYPING_HOME, message="home_for_face"),
    "face_own_thing": TerminalView(screen=Screen.TYPING_HOME, message="own_card_or_pin"),
    "choose": TerminalView(screen=Screen.CHOOSE, methods_offered=ALL_METHODS, read_aloud=True),
    "choose_no_face": TerminalView(screen=Screen.CHOOSE, methods_offered=NO_FACE),
    "face_notice": TerminalView(
        screen=Screen.FACE_NOTICE,
        notice_field="rights",
        notice_text=LONGEST_PAGE,
        notice_page=9,
        notice_pages=12,
    ),
    "face_notice_first": TerminalView(
        screen=Screen.FACE_NOTICE,
        notice_field="handler_name",
        notice_text="柳苑物业服务有限公司",
        notice_page=1,
        notice_pages=12,
        online=False,
    ),
    "face_ask": TerminalView(screen=Screen.FACE_ASK, message="face_after_notice"),
    "face_ask_agreed": TerminalView(screen=Screen.FACE_ASK, message="face_agreed", slower=True),
    "face_confirm": TerminalView(screen=Screen.FACE_CONFIRM, typed_count=3),
    "face_guardian": TerminalView(screen=Screen.FACE_GUARDIAN, seconds_left=57, typed_count=6),
    "face_office": TerminalView(screen=Screen.FACE_OFFICE),
    "face_kept": TerminalView(screen=Screen.FACE_KEPT),
    "face_dark": TerminalView(
        screen=Screen.FACE_LOOKING, camera="looking", seconds_left=7, message="too_dark", lamp=True
    ),
    "face_prompt": TerminalView(
        screen=Screen.FACE_LOOKING, camera="looking", seconds_left=6, prompt="turn_left", message="turn_more"
    ),
    "granted_no_answer": TerminalView(screen=Screen.GRANTED, message="face_no_answer"),
    "granted_yes_by_phone": TerminalView(screen=Screen.GRANTED, message="face_on_phone"),
    "granted_look_added": TerminalView(screen=Screen.GRANTED, message="look_added"),
    "granted_unlike": TerminalView(screen=Screen.GRANTED, message="unlike_other_looks"),
    "granted_forgotten": TerminalView(screen=Screen.GRANTED, message="forgotten"),
    "another_way": TerminalView(screen=Screen.REFUSED, methods_offered=ALL_METHODS, message="another_way"),
    "refused_dark": TerminalView(
        screen=Screen.REFUSED, methods_offered=ALL_METHODS, mend="face_covered", message="another_way"
    ),
    "delayed_look": TerminalView(
        screen=Screen.DELAYED, methods_offered=NO_FACE, mend="face_not_live", message="face", seconds_left=8
    ),
    "granted_not_enrolled": TerminalView(screen=Screen.GRANTED, message="not_enrolled", mend="face_not_live"),
    "face_enrol": TerminalView(
        screen=Screen.FACE_ENROL, camera="looking", steps_done=2, steps_needed=5, prompt="turn_right"
    ),
    "waiting": TerminalView(screen=Screen.WAITING),
    "granted": TerminalView(screen=Screen.GRANTED, seconds_left=5),
    "refused": TerminalView(screen=Screen.REFUSED, methods_offered=ALL_METHODS),
    "delayed": TerminalView(screen=Screen.DELAYED, methods_offered=(Method.CARD, Method.QR), seconds_left=28),
    "done": TerminalView(screen=Screen.DONE, message="enrolled"),
    "held_open": TerminalView(screen=Screen.HELD_OPEN),
    "disabled": TerminalView(screen=Screen.DISABLED, help_called=True),
    "lockdown": TerminalView(screen=Screen.LOCKDOWN),
    "fire": TerminalView(screen=Screen.FIRE),
    "fault": TerminalView(screen=Screen.FAULT, message="granted_not_opened", help_called=True),
}


BOXES = """() => [...document.querySelectorAll("button")].filter((b) => b.offsetParent).map((b) => {
  const box = b.getBoundingClientRect();
  return { name: b.textContent, left: box.left, top: box.top, right: box.right, bottom: box.bottom,
           wide: box.width, high: box.height,
           clipped: b.scrollWidth > b.clientWidth || b.scrollHeight > b.clientHeight };
})"""
OVERFLOWS = """() => [...document.querySelectorAll("#strip, #strip *, #panel, #panel *, #choices, #stage")]
  .filter((e) => e.offsetParent && !e.closest("svg")).filter((e) => {
    const box = e.getBoundingClientRect();
    const room = (e.closest("#strip") ?? document.querySelector("#stage")).getBoundingClientRect();
    return box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1
        || box.bottom > room.bottom + 1
        || box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
  }).map((e) => e.id || e.className || e.tagName)"""
COVERED = """() => {
  const seen = "#said, #typed, #progress, #countdown, #choices button, #tools button";
  const boxes = [...document.querySelectorAll(seen)]
    .filter((e) => e.offsetParent).map((e) => [e.id || e.textContent, e.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], i) => boxes.slice(i + 1).filter(([, b]) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
  ).map(([other]) => [name, other]));
}"""


def shown(server: TerminalServer, page: Page, view: TerminalView, language: str = "en") -> Page:
    server.show(msgspec.structs.replace(view, language=language, lane_name="North gate 北门"))
    expect(page.locator("body")).to_have_attribute("data-screen", view.screen)
    expect(page.locator("html")).to_have_attribute("lang", {"zh": "zh-Hans", "en": "en"}[language])
    expect(page.locator("#lane")).not_to_be_empty()
    return page


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("MENJIN_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
