"""Run fuzz targets under atheris: `python -m tests.fuzz.run [--seconds N] [NAME…]`, or `make fuzz`.

Each target runs in a process of its own, so that a crash in C, an endless loop or lost memory is a
finding like any other. Findings are printed as Python literals for `found` of their target, and the
exit code is 1.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LONGEST_INPUT_SECONDS = 10
MAX_MEMORY_MB = 1500
LONGEST_INPUT_BYTES = 8192
EXECUTIONS = re.compile(r"(?:stat::number_of_executed_units:\s*|Done )(\d+)")


def fuzz(name: str, seconds: int) -> tuple[int, list[bytes], str]:
    """Run one target for a time; return executions, the inputs that broke it, and the fuzzer's last words."""
    from tests.fuzz.targets import TARGETS

    with tempfile.TemporaryDirectory(prefix=f"menjin-fuzz-{name}-") as folder:
        corpus, findings = Path(folder) / "corpus", Path(folder) / "findings"
        corpus.mkdir()
        findings.mkdir()
        for number, seed in enumerate(TARGETS[name].seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.run", "--child", name),
                *(f"-max_total_time={seconds}", f"-timeout={LONGEST_INPUT_SECONDS}", "-print_final_stats=1"),
                *(f"-rss_limit_mb={MAX_MEMORY_MB}", f"-max_len={LONGEST_INPUT_BYTES}"),
                *(f"-artifact_prefix={findings}/", str(corpus)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        found = [path.read_bytes() for path in sorted(findings.iterdir())]
    words = done.stdout.decode("utf-8", "replace")
    if done.returncode and not found:
        raise RuntimeError(
            f"{name}: the fuzzer ended with {done.returncode} and no finding:\n{words[-4000:]}"
        )
    executions = max((int(count) for count in EXECUTIONS.findall(words)), default=0)
    return executions, found, "\n".join(line for line in words.splitlines() if not line.startswith("#"))


def child(arguments: list[str]) -> None:
    """Become the fuzzer of one target; the parsers are instrumented while they are imported."""
    import atheris

    name, *options = arguments
    with atheris.instrument_imports(
        include=["hardware", "gate_controller", "web_admin", "tomllib", "base45"]
    ):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *options], TARGETS[name].check)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Run the named targets, or all; return 1 when one of them broke."""
    if arguments[:1] == ["--child"]:
        child(arguments[1:])
        return 0
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="tests.fuzz.run")
    parser.add_argument("--seconds", type=int, default=600, help="how long each target runs")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TARGETS)}; without one: all")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]!r}; there are {', '.join(TARGETS)}")
    broken = False
    for name in asked.names or TARGETS:
        executions, found, words = fuzz(name, asked.seconds)
        print(f"{name}: {executions} executions, {len(found)} findings", flush=True)
        for data in found:
            broken = True
            print(f"{words[-4000:]}\n\n{name} breaks on:\n{data!r}", flush=True)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
