"""A machine of the fleet in wrong hands, behind a real sshd and asked by the real Ansible, gains nothing.

Its program answers what its new owner wants. What it says reaches no template, no shell and no terminal of
the operator's machine; what the operator sends it arrives there letter by letter.
"""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fleet.inventory import read_fleet
from fleet.running import Runner
from tests.served.fleets import FleetService, RunningFleet
from tests.support.ssh_machines import SSHD, ssh_machine

pytestmark = pytest.mark.skipif(SSHD is None, reason="sudo apt install openssh-server")
PROGRAM = """\
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + chr(10))
for words, said in json.loads((here / "says").read_text()).items():
    if " ".join(sys.argv[1:]).startswith(words):
        print(said)
"""


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Keep quiet."""


class HostileFleet(RunningFleet):
    """Services whose program says what a test lets it say, and which answer at one address."""

    address = ""

    def add(self, name: str, machine: str, upgrade_to: str = "") -> FleetService:
        folder = self.folder / machine / name
        (folder / "cells").mkdir(parents=True)
        (folder / "program.py").write_text(PROGRAM)
        program = (sys.executable, str(folder / "program.py"))
        self.services[name] = FleetService(name, machine, folder, self.address, upgrade_to, program)
        self.say(name, {})
        return self.services[name]

    def say(self, service: str, said: dict[str, str]) -> None:
        """Let a service answer commands that begin so."""
        (self.services[service].folder / "says").write_text(json.dumps(said))

    def asked(self, service: str) -> list[list[str]]:
        """Return the commands that came to a service."""
        file = self.services[service].folder / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[HostileFleet]:
    """Return a hostile machine with a service and its next version, and a good one."""
    made = HostileFleet(tmp_path / "fleet")
    with (
        ssh_machine(made.folder / "one" / "sshd") as one,
        ssh_machine(made.folder / "two" / "sshd") as two,
        ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.address = f"http://127.0.0.1:{server.server_port}"
        made.machines |= {"one": one, "two": two}
        made.add("north", "one", upgrade_to="north-next")
        made.add("north-next", "one")
        made.add("south", "two")
        made.write_inventory()
        yield made
        server.shutdown()


def command_for(mark: Path) -> str:
    """Return a template that runs a command on the machine of who fills it in."""
    return f"{{{{ lookup('pipe', 'touch {mark}') }}}}"


def listed(**more: str) -> str:
    """Return a line of `cells list --json`."""
    return json.dumps({"cell": "elm", "host": "elm.example", "database": "sqlite", "out": None, **more})


@pytest.mark.parametrize("command", [("backup",), ("move", "elm", "--to", "south"), ("upgrade",)])
@pytest.mark.parametrize("field", ["cell", "host"])
@pytest.mark.first_set
def test_a_name_or_host_that_is_a_template_is_filled_in_nowhere(
    fleet: HostileFleet, tmp_path: Path, field: str, command: tuple[str, ...]
) -> None:
    mark = tmp_path / "ran-here"
    fleet.say("north", {"cells list": "\n".join([listed(), listed(**{field: command_for(mark)})])})
    status, out, beside = fleet.run(*command, "--do")
    assert not mark.exists(), "the machine ran a command on the operator's"
    assert status != 0
    assert "machine one says for north" in out + beside
    assert {tuple(words[:2]) for words in fleet.asked("north")} == {("cells", "list")}


def test_what_is_sent_to_a_machine_arrives_there_letter_by_letter(
    fleet: HostileFleet, tmp_path: Path
) -> None:
    """Where a value got past every other check: to Ansible it is text."""
    mark = tmp_path / "ran-here"
    odd = [command_for(mark), "{% raw %}", "{{ 1 + 1 }}", "'; touch x; \"", "$(id)", "-x", "柳 苑", "\\u001b"]
    runner = Runner(read_fleet(fleet.inventory))
    ran = runner.run(
        "do", ["north"], {}, per_service={"north": {"rounds": [{"cell": command_for(mark), "words": odd}]}}
    )
    assert ran.wrong() == []
    assert fleet.asked("north") == [odd]
    ran = runner.run("restore", ["north"], {"words": odd, "file": command_for(mark), "brought_from": ""})
    assert fleet.asked("north") == [odd, odd]
    assert ran.wrong() == []
    assert not mark.exists()


def test_what_a_machine_answers_within_a_move_or_an_upgrade_is_no_template(
    fleet: HostileFleet, tmp_path: Path
) -> None:
    mark = tmp_path / "ran-here"
    template = command_for(mark)
    fleet.say(
        "south",
        {
            "cells list": listed(cell="oak", host="oak.example"),
            "cells unpack": json.dumps({"parcel": template}),
        },
    )
    fleet.say(
        "north",
        {
            "cells list": listed(),
            "cells expect": json.dumps({"public_key": template, "revision": template}),
            "cells unpack": json.dumps({"parcel": template}),
        },
    )
    fleet.run("move", "oak", "--to", "north", "--do")
    [packed] = [words for words in fleet.asked("south") if words[1] == "pack"]
    assert packed[3:7] == ["--key", template, "--revision", template]
    said = {"cell": template, "host": template, "state": "done"}
    fleet.say("north-next", {"cells upgrade": json.dumps(said)})
    status, out, _beside = fleet.run("upgrade", "--do")
    assert (status, mark.exists()) == (1, False)
    assert "Stopped: 0 of 1 are at the next version" in out


def test_a_machine_speaks_for_its_own_cells_alone(fleet: HostileFleet) -> None:
    """One that says of another's cell that it is at the next version changes nothing there."""
    fleet.services["south"].upgrade_to = "south-next"
    fleet.add("south-next", "two")
    fleet.write_inventory()
    fleet.say("north", {"cells list": listed()})
    fleet.say("south", {"cells list": listed(cell="oak", host="oak.example")})
    fleet.say(
        "north-next",
        {
            "cells upgrade": "\n".join(
                json.dumps({"cell": name, "host": "x", "state": "done"}) for name in ("elm", "oak")
            )
        },
    )
    failed = {
        "cell": "oak",
        "host": "x",
        "state": "failed",
        "what": "no disk",
        "where": "oak",
        "todo": "Buy one",
    }
    fleet.say("south-next", {"cells upgrade": json.dumps(failed)})
    state = fleet.inventory.with_name("fleet.state")
    state.mkdir()
    (state / "upgrade.json").write_text('{"wave": ["elm", "oak"], "done": []}')
    status, out, beside = fleet.run("upgrade", "--do")
    assert status == 1
    assert "oak is red: oak: no disk. Buy one" in out + beside


def test_what_a_machine_says_moves_no_terminal(fleet: HostileFleet) -> None:
    """Names, sentences and errors: their controls are named, their line ends make no lines."""
    clear = "\x1b[2J\x9b1A\x1b]0;x\x07"
    fleet.say(
        "north",
        {
            "cells list": "\n".join(
                [
                    listed(out="name", cell=f"a{clear}b"),
                    listed(out="disk", what=f"full{clear}\nelm good", where="elm", todo="Buy one"),
                ]
            )
        },
    )
    fleet.say("south", {"cells list": f"Traceback {clear}"})
    for options in ((), ("--json",)):
        status, out, beside = fleet.run("list", *options)
        assert status == 1
        assert [line for line in (out + beside).splitlines() if not line.isprintable()] == []
        assert "machine two prints for south what is no list of cells: Traceback \\u001b[2J" in out
        assert len(out.splitlines()) == 3
    status, out, beside = fleet.run("restore", f"elm{clear}", "--keep")
    assert (status, beside.splitlines()[-1][:25]) == (2, "menjin fleet: 'elm\\x1b[2J")


def test_no_second_cell_is_made_of_a_name_whose_service_gives_no_answer(fleet: HostileFleet) -> None:
    """Its machine is off: the cell may be served there still."""
    fleet.say("north", {"cells list": listed()})
    assert fleet.run("list")[0] == 0
    fleet.machines["one"].stop()
    status, _out, beside = fleet.run_with_options("create", "elm", "--on", "south", "--do", options=["--x"])
    assert status == 2
    assert "gives no answer and may serve elm still" in beside
    assert {words[1] for words in fleet.asked("south")} == {"list"}
    made = ("create", "elm", "--on", "south", "--although-silent", "--do")
    assert fleet.run_with_options(*made, options=["--x"])[0] == 0
    assert fleet.asked("south")[-1][:2] == ["cells", "create"]
