"""Each alarm of docs/operations.md is provoked at a real server; its text arrives by mail and webhook."""

import email
import email.policy
import fcntl
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.calls import CALLS_PATH, CallReport
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.messages import ASK_PATH, AskRequest, DiskHealth
from tests.served.served_compound import ServedCompound, fill_data_dir, serve_data_dir
from tests.served.signed_gate import signed_gate
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.gates.waiting import until
from tests.support.peers import HookPeer, MailPeer, hook_peer, mail_peer, make_certificate
from tests.support.small_disk import small_disk
from web_admin.accounts.models import StaffProfile
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action, record
from web_admin.calls.allowance import HOMES_A_DAY
from web_admin.calls.models import CallNumber, CallSettings, HomeCall, HomeCallWishes
from web_admin.calls.reach import NUMBER_PURPOSE
from web_admin.compound.models import Gate, Home, Person, Site
from web_admin.core.config import WebConfig
from web_admin.later.acts import Sent, plan_act
from web_admin.messages.actions import add_webhook
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.operations import marks
from web_admin.operations.watch import REPAIRS, WATCHED
from web_admin.people.homes import add_home

pytestmark = pytest.mark.wide

TEXTS = Path(__file__).with_name("alarm_texts.txt")
"""A line an alarm, in English / in Chinese; ` | ` is a new line in the mail, numbers are those of one run."""
READERS = {"manager@example.org": "zh", "second@example.org": "en"}
OF_THE_MACHINE = {EventKind.ALARM_SERVER_DISK, EventKind.ALARM_SERVER_TASKS, EventKind.ALARM_SERVER_CLOCK}
NOT_WRITTEN_BY_GATES = {
    EventKind.ALARM_GATE_FORKED,
    EventKind.ALARM_JOURNAL_BROKEN,
    EventKind.ALARM_JOURNAL_RESTARTED,
    EventKind.ALARM_ENTRIES_SET_ASIDE,
    EventKind.ALARM_CALL_NUMBERS,
    EventKind.ALARM_ACT_HELD,
}
"""Raised by the server about what a gate sends and whom it calls, and about a planned act of the office."""
LONGEST_SECONDS = 240.0


def texts_of_alarms() -> dict[str, tuple[str, str]]:
    """Return by alarm the English and the Chinese text."""
    found = re.findall(r"^(alarm_\w+): (.*) / (.*)$", TEXTS.read_text(encoding="utf-8"), re.MULTILINE)
    return {kind: (english, chinese) for kind, english, chinese in found}


def on_one_line(part: str) -> str:
    """Return a part of a mail as the file has it; a number is another one each time."""
    return re.sub(r"\d+(\.\d+)?", "0", part.replace("\n", " | "))


@dataclass
class Watched:
    """A server that is watched, and who is notified."""

    served: ServedCompound
    mail: MailPeer
    hook: HookPeer

    def arrived(self) -> dict[str, set[str]]:
        """Return by language each part of a mail that arrived."""
        parts: dict[str, set[str]] = {"en": set(), "zh": set()}
        for receiver, text, _inside_tls in list(self.mail.mails):
            message = email.message_from_string(text, policy=email.policy.default)
            content = message.get_content().replace("\r\n", "\n").strip().split("\n\n")[:-1]
            language = READERS[re.findall(r"<(.*?)>", receiver)[0]]
            parts[language] |= {on_one_line(part) for part in content}
        return parts

    def raised(self) -> set[str]:
        """Return the alarms of which the webhook got a message."""
        return set(re.findall(r"alarm_\w+", b" ".join(body for _headers, body in self.hook.taken).decode()))

    def each_arrives(self, kinds: Collection[EventKind]) -> None:
        """Wait until the texts of these alarms have come, in both languages."""
        texts = texts_of_alarms()
        wanted = {
            language: {on_one_line(texts[kind][number]) for kind in kinds}
            for number, language in enumerate(("en", "zh"))
        }

        def missing() -> list[object]:
            arrived = self.arrived()
            return [
                *(sorted(wanted[one] - arrived[one]) for one in wanted if wanted[one] - arrived[one]),
                *sorted(set(kinds) - self.raised()),
            ]

        until(lambda: not missing(), lambda: (missing(), self.arrived()), patience=LONGEST_SECONDS)


@contextmanager
def watched(config: WebConfig, folder: Path, prepare: Callable[[Action], object]) -> Iterator[Watched]:
    """Serve a compound with two managers, a mail server and a webhook, after something was prepared."""
    with ExitStack() as stack:
        mail, hook = stack.enter_context(mail_peer()), stack.enter_context(hook_peer())
        config.data_dir.mkdir(exist_ok=True)
        compound = fill_data_dir(config)
        stack.callback(compound.close)
        port = int(hook.url.split(":")[2].partition("/")[0])
        with (config.data_dir / "web.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'webhook_ports = [{port}, 9]\nmail_server = "127.0.0.1:{mail.port}"\n')
        with compound.act() as act:
            second = create_staff(act.session, "manager", "second@example.org", PASSWORD, TOTP_SECRET)
            act.session.flush()
            act.session.add(
                StaffProfile(account_id=second.id, language="en", added_at=act.now, added_by="tests")
            )
            act.session.add(
                MailServer(
                    site_id=act.site_id,
                    host="127.0.0.1",
                    port=mail.port,
                    security="none",
                    sender="gates@example.org",
                )
            )
            kinds = ["alarm_raised", "alarm_over"]
            add_webhook(act, name="hook", url=hook.url, kinds=kinds, local_ports=range(1, 65536))
            for gate in act.session.query(Gate):
                gate.last_seen_at, gate.clock_sure, gate.clock_behind_seconds = act.now, True, 0.0
            marks.mark(act.session, marks.BACKUP, act.now, "")
            prepare(act)
        log = folder / "server.log"
        address, process = stack.enter_context(serve_data_dir(config, log))
        yield Watched(ServedCompound(address, compound, log, process), mail, hook)


def at_gates_and_in_contact(act: Action) -> None:
    """Let a gate be silent, a message wait, an act be due whose account is gone, and no backup be made."""
    plan_act(act, Sent(999, "hours.edit", "/manage/hours/gone", {"hours_id": "gone"}, ()), act.now)
    act.session.get_one(Gate, "east").last_seen_at = act.now - timedelta(minutes=10)
    act.session.get_one(Site, act.site_id).created_at = act.now - timedelta(days=10)
    act.session.delete(act.session.get_one(marks.ServerMark, marks.BACKUP))
    gone, _key = add_webhook(
        act, name="gone", url="http://127.0.0.1:9/", kinds=["alarm_acknowledged"], local_ports=range(1, 65536)
    )
    act.session.add(
        OutboxMessage(
            message_id="waits",
            site_id=act.site_id,
            channel="webhook",
            target=gone.webhook_id,
            kind="test",
            body={},
            created_at=act.now - timedelta(hours=1),
            next_at=act.now,
            state="waiting",
        )
    )


def at_gates_after_many_calls(act: Action) -> None:
    """Do so after a gate got the numbers of as many homes as it may, and let one more have a telephone."""
    at_gates_and_in_contact(act)
    now = act.now
    for place in range(HOMES_A_DAY):
        act.session.add(
            HomeCall(
                call_id=f"call-{place}",
                site_id=act.site_id,
                gate_id="north",
                lane_id="north-in",
                home_id=add_home(act, f"8-{100 + place}").home_id,
                purpose="home",
                stage="over",
                end="no_answer",
                plan=[{"step": "telephone", "from": 0, "numbers": ["n"]}, {"step": "none", "from": 25}],
                started_at=now - timedelta(minutes=1),
                ends_at=now,
                ended_at=now,
                has_telephone=True,
                sealing_public_key=bytes(32),
            )
        )
    person = act.session.scalars(select(Person).join(Home).where(Home.number == "3-1203")).first()
    assert person is not None
    act.session.add_all(
        (
            HomeCallWishes(
                home_id=person.home_id,
                site_id=act.site_id,
                takes_calls=True,
                changed_at=now,
                changed_by="tests",
            ),
            CallSettings(site_id=act.site_id, prefixes=["+86"], hosts=[]),
            CallNumber(
                number_id="n",
                person_id=person.person_id,
                number_sealed=act.sealer.seal(b"+8613900000001", purpose=NUMBER_PURPOSE),
                created_at=now,
                proved_at=now,
            ),
        )
    )


def test_each_alarm_about_server_and_gates_arrives_with_its_text(
    web_config: WebConfig, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with hook_peer(make_certificate(tmp_path)) as refused:
        config = replace(
            web_config,
            data_dir=data_dir,
            secrets_dir=data_dir / "secrets",
            public_url=refused.url.removesuffix("/take"),
        )
        with watched(config, tmp_path, at_gates_after_many_calls) as made:
            north, garage = signed_gate(made.served), signed_gate(made.served, "garage")
            north.posts(
                ASK_PATH,
                AskRequest(
                    have_epoch=0,
                    have_version=0,
                    gate_time=datetime.now(UTC),
                    clock_sure=False,
                    journal_seq=0,
                    disk=DiskHealth(free_mib=800, total_mib=8000),
                ),
            )
            call = CallReport(
                call_id="last",
                lane_id="north-in",
                home="31203",
                sealing_public_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
                has_telephone=True,
            )
            assert north.posts(CALLS_PATH, call).status_code == 200
            written = [kind for kind in REPAIRS if kind not in NOT_WRITTEN_BY_GATES]
            for kind in written:
                north.writes(kind, {"lane_id": "north-in", "device": "card"}, {})
            north.sends()
            garage.writes("started", {"detail": "a\0b"}, {})
            garage.writes("started", {}, {})
            garage.sends()
            garage.entries.clear()
            for _entry in range(3):
                garage.writes("started", {"again": True}, {})
            with pytest.raises(AssertionError, match="journal_broken"):
                garage.sends()
            garage.entries.clear()
            assert garage.asks().status_code == 200, "its journal is shorter than before"
            assert garage.asks(counter=1000).status_code == 200
            assert garage.asks(counter=1).status_code == 409, "a second controller"
            made.each_arrives([*(kind for kind in WATCHED if kind not in OF_THE_MACHINE), *REPAIRS])
            page = made.served.compound.signed_in("manager").get("/manage/alarms/").text
            assert "There is no recent backup" in page


def test_what_a_machine_lacks_arrives_with_its_text_and_again_when_it_is_over(
    web_config: WebConfig, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "data", 100) as data_dir, (data_dir / "housekeeping.lock").open("w") as hangs:
        fcntl.flock(hangs, fcntl.LOCK_EX)  # as a process does whose task does not end

        def nearly_full(act: Action) -> None:
            marks.mark(act.session, marks.HOUSEKEEPING, act.now - timedelta(hours=1), "")
            act.session.flush()
            room = shutil.disk_usage(data_dir).free - 10 * 1024 * 1024
            (data_dir / "old.log").write_bytes(bytes(room))
            record(replace(act, now=act.now + timedelta(hours=2)), "settings_changed", {})

        config = replace(web_config, data_dir=data_dir, secrets_dir=data_dir / "secrets")
        with watched(config, tmp_path, nearly_full) as made:
            made.each_arrives(OF_THE_MACHINE)
            (data_dir / "old.log").unlink()
            until(
                lambda: b"alarm_over" in b"".join(body for _head, body in made.hook.taken),
                patience=LONGEST_SECONDS,
            )


def test_there_is_a_text_of_each_alarm() -> None:
    assert sorted(texts_of_alarms()) == sorted([*WATCHED, *REPAIRS])
