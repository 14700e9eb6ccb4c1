"""Two programs that do the same work in turns, each in a process of its own so that neither pays for the
other's threads: both ends of the pipe between them and the one who keeps time.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmarks.processes import END_S, environment, python

MODEL = "openai/gpt-4o-mini"
CALLS = 3


class Provider(BaseModel):
    """Where the scripted model is, as its process prints it."""

    model_config = ConfigDict(frozen=True)

    base_url: str
    api_key: str


class Lap(BaseModel):
    """One run. `cpu_s` is what the whole process used of the processors; `shares` says where the wall time
    went."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    cpu_s: float
    shares: Mapping[str, float] = {}


@contextmanager
def child(module: str, folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that talks by lines and ends when its stdin is closed."""
    with (folder / f"{'-'.join([module, *arguments[2:]])}.log").open("w") as log:
        process = subprocess.Popen(
            python(module, *arguments),
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield process
        finally:
            _hang_up(process)


def next_line(process: "subprocess.Popen[str]", folder: Path) -> str:
    """Raises RuntimeError with the process's last words if it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        logs = "".join(log.read_text()[-1500:] for log in sorted(folder.glob("*.log")))
        raise RuntimeError(f"A process of the comparison ended early. {logs}")
    return line


def lap_of(process: "subprocess.Popen[str]", folder: Path) -> Lap:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return Lap.model_validate_json(next_line(process, folder))


def take_turns(run_once: Callable[[], Lap]) -> None:
    """The contestant's end: says that it is ready, then runs once for each line it is sent."""
    # Whatever a library prints must not stand between the lines.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    print("ready", file=answers, flush=True)
    for _line in sys.stdin:
        print(run_once().model_dump_json(), file=answers, flush=True)


def _hang_up(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
