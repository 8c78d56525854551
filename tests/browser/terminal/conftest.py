"""A real TerminalServer, a real browser, and a controller with no rules."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import TerminalAction

TOKEN = "t" * 43
PATIENCE_SECONDS = 60


@dataclass
class RecordingController:
    """A controller with no rules: it keeps the actions, and types as the real one does."""

    actions: list[TerminalAction] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, action: TerminalAction) -> None:
        with self.arrived:
            self.actions.append(action)
            self.arrived.notify_all()

    def wait_for(self, *actions: TerminalAction) -> None:
        with self.arrived:
            ends_so = self.arrived.wait_for(
                lambda: self.actions[-len(actions) :] == list(actions), PATIENCE_SECONDS
            )
            assert ends_so, self.actions


@pytest.fixture
def controller() -> RecordingController:
    return RecordingController()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_server(
    controller: RecordingController, port: int = 0, *, call_sound: bool = False, call_picture: bool = False
) -> TerminalServer:
    return TerminalServer(
        controller.take,
        port=port,
        launch_token=TOKEN,
        site_name="Willow Court 柳园",
        heartbeat_seconds=0.5,
        call_sound=call_sound,
        call_picture=call_picture,
    )


@pytest.fixture
def server(controller: RecordingController) -> Iterator[TerminalServer]:
    served = new_server(controller)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


def open_page(context: BrowserContext, server: TerminalServer) -> Page:
    """Sign in as the kiosk does and wait until the page has drawn its first view."""
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    opened.goto(server.launch_url)
    opened.wait_for_url(server.address)
    expect(opened.locator("#language")).not_to_be_empty()
    return opened


@pytest.fixture
def page(context: BrowserContext, server: TerminalServer) -> Page:
    return open_page(context, server)
