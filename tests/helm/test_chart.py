"""The chart for Kubernetes: Helm's own linter takes it, and what it renders is one locked-down pod."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "menjin"
OWN = ROOT / ".venv" / "helm" / "helm"
HELM = str(OWN) if OWN.is_file() else shutil.which("helm")
GOOD = [
    "--set",
    "image.repository=registry.example/menjin",
    "--set",
    f"image.digest=sha256:{'a1' * 32}",
    "--set",
    "hosts={willow.example,elm.example}",
    "--set",
    "ingress.tlsSecret=compounds",
]

pytestmark = pytest.mark.skipif(HELM is None, reason="make helm")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(HELM), *arguments], capture_output=True, text=True, check=False, timeout=120)


def rendered(*more: str) -> dict[str, dict[str, object]]:
    done = helm("template", "here", str(CHART), *GOOD, *more)
    assert done.returncode == 0, done.stderr
    return {part["kind"]: part for part in yaml.safe_load_all(done.stdout)}


def test_helm_lints_the_chart_and_the_chart_has_the_version_of_the_project() -> None:
    done = helm("lint", "--strict", str(CHART), *GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 chart(s) failed" in done.stdout
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["--set", "image.digest=latest"], "'/image/digest': 'latest' does not match pattern"),
        (["--set", "image.repository="], "'/image/repository'"),
        (["--set", "hosts={a b}"], "'/hosts/0': 'a b' does not match pattern"),
        (["--set", "replicas=2"], "additional properties 'replicas' not allowed"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(values: list[str], says: str) -> None:
    done = helm("template", "here", str(CHART), *GOOD, *values)
    assert done.returncode != 0
    assert says in done.stderr


def test_one_pod_serves_the_cells_without_rights_and_with_its_disk_alone() -> None:
    parts = rendered()
    assert set(parts) == {"StatefulSet", "Service", "Ingress"}
    spec = parts["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"], "two pods never have the disk at once"
    pod = spec["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["automountServiceAccountToken"]) == (1970, False)
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == f"registry.example/menjin@sha256:{'a1' * 32}"
    [server] = pod["containers"]
    assert "--cells=/var/lib/menjin-web/cells" in server["args"]
    assert {server[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")} == {"/readyz"}
    rules = parts["Ingress"]["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["willow.example", "elm.example"]
    assert parts["Ingress"]["spec"]["tls"] == [
        {"secretName": "compounds", "hosts": ["willow.example", "elm.example"]}
    ]


def test_the_server_of_the_chart_takes_its_arguments() -> None:
    [server] = rendered()["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    from web_admin.cli.main import _parser

    arguments = _parser().parse_args(server["args"][1:])
    assert (str(arguments.cells), arguments.trusted_proxies) == ("/var/lib/menjin-web/cells", 1)
