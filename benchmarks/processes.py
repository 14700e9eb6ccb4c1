"""Starts what is measured in processes of its own, with settings the caller's shell cannot change, and ends
each one by its id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
LARKSPUR = REPOSITORY / "examples" / "larkspur"
CREWDESK = Path(sys.executable).parent / "crewdesk"
END_S = 20.0


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def environment(**settings: str) -> dict[str, str]:
    """The caller's, with these `CREWDESK_*` settings and no others."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")}
    own["PYTHONPATH"] = str(REPOSITORY)
    return own | {f"CREWDESK_{name}": value for name, value in settings.items()}


def run_to_end(command: Sequence[str], folder: Path, **settings: str) -> None:
    """Runs in `folder`, where no `.env` lies. Raises RuntimeError with its last words if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr[-1000:]}")


@contextmanager
def started(
    command: Sequence[str], folder: Path, log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts; what it prints goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            end(process, signal.SIGTERM)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]", number: signal.Signals) -> None:
    """Asks first."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Looks every 5 ms: another process cannot wake us. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {timeout_s:.0f} s")
        time.sleep(0.005)
