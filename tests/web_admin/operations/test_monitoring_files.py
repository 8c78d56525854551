"""The alerts and the dashboard that are shipped are what Prometheus and Grafana read."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MONITORING = HERE.parents[2] / "deploy" / "monitoring"
PAGE = HERE.parents[2] / "docs" / "monitoring.md"
FLEET = PAGE.with_name("fleet.md")
RULES = ("menjin_alerts.yml", "menjin_gate_alerts.yml")
DASHBOARD = MONITORING / "menjin_dashboard.json"


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool, Prometheus's own checker of rules, is missing: sudo apt install promtool",
)
@pytest.mark.parametrize(
    "check",
    [
        ("check", "rules", "--lint-fatal", str(MONITORING / "menjin_alerts.yml")),
        ("check", "rules", "--lint-fatal", str(MONITORING / "menjin_gate_alerts.yml")),
        ("check", "config", "--syntax-only", str(MONITORING / "prometheus.yml")),
        ("test", "rules", str(HERE / "menjin_alerts_test.yml")),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(check):
    done = subprocess.run(["promtool", *check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool, Prometheus's own checker of rules, is missing: sudo apt install promtool",
)
def test_each_question_of_the_dashboard_is_one_that_prometheus_understands(tmp_path):
    rules = {
        "groups": [
            {
                "name": "dashboard",
                "rules": [
                    {"record": f"panel:{number}", "expr": question}
                    for number, question in enumerate(questions())
                ],
            }
        ]
    }
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps(rules), encoding="utf-8")
    check = ["promtool", "check", "rules", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def questions():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_dashboard_asks_only_for_numbers_of_the_page():
    given = set(re.findall(r"menjin_[a-z_]+", PAGE.read_text(encoding="utf-8")))
    asked = {name for question in questions() for name in re.findall(r"menjin_[a-z_]+", question)}
    bare = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    assert bare - given == set()
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_number_that_an_alert_asks_for_is_one_of_the_pages():
    pages = PAGE.read_text(encoding="utf-8") + FLEET.read_text(encoding="utf-8")
    given = set(re.findall(r"menjin_[a-z_]+", pages))
    rules = "".join((MONITORING / name).read_text(encoding="utf-8") for name in RULES)
    asked = {
        name
        for line in rules.splitlines()
        for name in re.findall(r"\bmenjin_[a-z_]+\b", line)
        if not line.strip().startswith(("#", "- name:"))
    }
    bare = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} - {"menjin_cells"}
    assert bare - given == set()
