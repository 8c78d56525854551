"""Commands typed in Chinese."""

from pathlib import Path

PASSPHRASE, PASSWORD = "a long passphrase", "three unrelated words"


def init(folder: Path, *more: str) -> list[str]:
    """Return a call of init that asks nothing; later options go before earlier ones."""
    return [
        "init",
        "--data-dir",
        str(folder / "data"),
        "--language",
        "zh",
        "--timezone",
        "Asia/Shanghai",
        "--name",
        "柳苑",
        "--public-url",
        "https://gate.example.org",
        "--security-contact",
        "mailto:me@example.org",
        "--root-key",
        str(folder / "root.pem"),
        "--root-passphrase-file",
        str(folder / "word"),
        "--manager-email",
        "m@example.org",
        "--manager-password-file",
        str(folder / "password"),
        *more,
    ]
