"""Many questions at once, against the same number one after another, in one process and without a model:
whoever waits in line must not wait for anything but the work before it."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measurement import Measurement, at_most
from benchmarks.processes import LARKSPUR
from cli.embedded import Installation, open_installation
from evals.ask import Question, load_questions
from ledger.ids import new_id
from ledger.log import configure_logging
from ledger.runs import RunRequest, submit_run
from ledger.settings import EmbeddedSettings

TITLE = "A burst of questions"
QUESTIONS = 24
ROUNDS = 3
WARM_UP = 4


def measure(ground: Path) -> list[Measurement]:
    configure_logging("ERROR", "console")
    questions = random.Random(1).sample(load_questions(LARKSPUR), QUESTIONS)
    with open_installation(
        EmbeddedSettings(workspace=LARKSPUR, var=ground / "var"), "benchmark"
    ) as installation:
        installation.start_worker()
        _in_turn(installation, questions[:WARM_UP])
        rounds = [
            (_at_once(installation, questions), _in_turn(installation, questions)) for _ in range(ROUNDS)
        ]
    at_once_s, in_turn_s = min(at_once for at_once, _ in rounds), min(in_turn for _, in_turn in rounds)
    return [
        Measurement(
            what="all at once / one after another",
            value=at_once_s / in_turn_s,
            unit="x",
            bar=at_most(1.1),
            note=f"{QUESTIONS} questions, the best of {ROUNDS} turns each",
        ),
        Measurement(what="all at once", value=QUESTIONS / at_once_s, unit="per s", note="answers"),
        Measurement(what="one after another", value=QUESTIONS / in_turn_s, unit="per s", note="answers"),
    ]


def _at_once(installation: Installation, questions: Sequence[Question]) -> float:
    before = time.perf_counter()
    run_ids = [_submit(installation, question) for question in questions]
    for run_id in run_ids:
        installation.wait_for_run(run_id, lambda _progress: None)
    return time.perf_counter() - before


def _in_turn(installation: Installation, questions: Sequence[Question]) -> float:
    before = time.perf_counter()
    for question in questions:
        installation.wait_for_run(_submit(installation, question), lambda _progress: None)
    return time.perf_counter() - before


def _submit(installation: Installation, question: Question) -> str:
    request = RunRequest(
        principal=question.ask_as, question=question.question, source="cli", external_id=new_id()
    )
    return submit_run(installation.db, request).run_id
