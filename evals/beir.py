"""Collections in the layout of the BEIR benchmark: passages, questions, and which passages answer which."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Collection:
    """`passages` and `questions` are texts by id; `relevant` grades passages by question, only those
    questions that have a relevant passage."""

    name: str
    passages: dict[str, str]
    questions: dict[str, str]
    relevant: dict[str, dict[str, int]]


def load_collection(folder: Path) -> Collection:
    """Raises InvalidInput naming file and line."""
    passages = dict(_read_texts(folder / "corpus.jsonl"))
    questions = dict(_read_texts(folder / "queries.jsonl"))
    relevant = _read_judgements(folder / "qrels")
    unknown = {key for grades in relevant.values() for key in grades} - passages.keys()
    if unknown:
        raise InvalidInput(f"{folder / 'qrels'}: there is no passage {min(unknown)!r} in corpus.jsonl.")
    asked = {key: text for key, text in questions.items() if key in relevant}
    missing = relevant.keys() - asked.keys()
    if missing:
        raise InvalidInput(f"{folder / 'qrels'}: there is no question {min(missing)!r} in queries.jsonl.")
    if not asked:
        raise InvalidInput(f"{folder}: no question has a relevant passage, so there is nothing to measure.")
    return Collection(folder.resolve().name, passages, asked, relevant)


def _read_texts(file: Path) -> Iterator[tuple[str, str]]:
    """Id, and title and text as one."""
    for number, line in enumerate(_read(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            key, text = str(entry["_id"]), str(entry["text"])
            yield key, f"{entry.get('title') or ''} {text}".strip()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(f"{file}:{number}: this is no entry with `_id` and `text`.") from error


def _read_judgements(folder: Path) -> dict[str, dict[str, int]]:
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise InvalidInput(f"{folder}: there is no table of judgements (*.tsv) here.")
    relevant: dict[str, dict[str, int]] = {}
    for file in files:
        # The first line is the header.
        rows = csv.reader(_read(file).splitlines()[1:], delimiter="\t", quoting=csv.QUOTE_NONE)
        for number, row in enumerate(rows, start=2):
            try:
                question, passage, grade = row
                if int(grade) > 0:
                    relevant.setdefault(question, {})[passage] = int(grade)
            except ValueError as error:
                raise InvalidInput(f"{file}:{number}: this is no query-id, corpus-id and score.") from error
    return relevant


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read ({error}).") from error
