"""Make the package of a gate without face out of the whole wheel: without the face code and its libraries.

Usage: python deploy/release/without_face.py WHEEL OUT. The same wheel gives the same bytes.
"""

import base64
import hashlib
import re
import sys
import zipfile
from pathlib import Path

from same_bytes import rewrite_wheel

NAME = "menjin-gate-without-face"
SUMMARY = "The gate of Menjin without any code that could look at a face"
LEFT_OUT = ("gate_controller/face/", "hardware/simulated/", "web_admin/", "head_office/", "fleet/", "demo/")
"""The face code; simulated devices, among them faces; server and demo, which have extras of their own."""
EXTRAS = ("gate-without-face", "updater")
"""The requirements of such a gate; the first consists of the second and of its own."""
OPENCV_EXTRA = ("camera", "opencv-python-headless")
NEEDED = re.compile(r'^Requires-Dist: (?P<what>.+?)(; ((?P<where>.+) and )?extra == "(?P<extra>[^"]+)")?$')


def without_face(wheel: Path, out: Path, at_seconds: int) -> Path:
    """Write the package without face of a whole wheel into a folder and return it."""
    version = wheel.name.split("-")[1]
    target = out / f"{NAME.replace('-', '_')}-{version}-py3-none-any.whl"
    old_info, info = f"menjin-{version}.dist-info/", f"{NAME.replace('-', '_')}-{version}.dist-info/"
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(target, "w") as made:
        files: dict[str, bytes] = {}
        for name in whole.namelist():
            if name.startswith(LEFT_OUT) or name.endswith("/RECORD"):
                continue
            content = whole.read(name)
            if name == f"{old_info}METADATA":
                content = metadata(content.decode()).encode()
            elif name == f"{old_info}top_level.txt":
                content = b"gate_controller\nhardware\nmenjin\n"
            files[info + name.removeprefix(old_info) if name.startswith(old_info) else name] = content
        for name, content in files.items():
            made.writestr(name, content)
        made.writestr(f"{info}RECORD", record(files, f"{info}RECORD"))
    rewrite_wheel(target, at_seconds)
    return target


def metadata(whole: str) -> str:
    """Return the metadata of the package without face: its own name, and what a gate needs alone."""
    lines = []
    for line in whole.partition("\n\n")[0].splitlines():
        key = line.partition(":")[0]
        if key == "Name":
            lines.append(f"Name: {NAME}")
        elif key == "Summary":
            lines.append(f"Summary: {SUMMARY}")
        elif key == "Requires-Dist":
            lines += requirement(line)
        elif key not in {"Provides-Extra", "Description-Content-Type"}:
            lines.append(line)
    lines.insert(-1, f"Provides-Extra: {OPENCV_EXTRA[0]}")
    return "\n".join([*lines, ""])


def requirement(line: str) -> list[str]:
    """Return a line of what is needed as this package has it; nothing of another extra."""
    found = NEEDED.match(line)
    if found is None:
        sys.exit(f"the wheel needs something in words that are not understood: {line}")
    what, where, extra = found["what"], found["where"], found["extra"]
    if extra == "gate" and what.startswith(OPENCV_EXTRA[1]):
        return [f'Requires-Dist: {what}; extra == "{OPENCV_EXTRA[0]}"']
    if extra not in (None, *EXTRAS) or what.startswith("menjin["):
        return []
    return [f"Requires-Dist: {what}" + (f"; {where}" if where else "")]


def record(files: dict[str, bytes], own_name: str) -> str:
    """Return the list of files with their hashes (PEP 376, as PEP 427 asks)."""
    lines = []
    for name, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own_name},,\n"])


if __name__ == "__main__":
    import os

    print(without_face(Path(sys.argv[1]), Path(sys.argv[2]), int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))
