"""Send a sheet of residents in a browser."""

from pathlib import Path

from playwright.sync_api import Page, expect


def send(page: Page, label: str, button: str, folder: Path, data: bytes) -> None:
    """Choose a file as people do, and press the button by key."""
    file = folder / "people.csv"
    file.write_bytes(data)
    page.get_by_label(label).set_input_files(file)
    page.get_by_role("button", name=button).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state()
