"""Questions with what search found for them, and which of it answers: relevance is measured on these.

Each question that has an answer is asked a second time of a library without it, which makes a near miss of
it; the questions of one data set, asked of another, are the far ones.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import Installation, open_installation
from evals.ask import Question, load_questions
from knowledge.ingest import ingest
from knowledge.library import PassageHit
from knowledge.relevance.judge import Candidate
from knowledge.search.access import AccessScope
from ledger.people import find_principal
from ledger.settings import EmbeddedSettings
from tests.model_cache import lend_models

LIMIT = 5
# Enough to be left with five after all that answers was taken away.
_DEEP = 60
_EVERYONE = AccessScope(frozenset({"everyone"}))


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """`answers` says of each hit, best first, whether it answers. `kind` is answerable, removed, near_miss
    (or another the workspace's file names) or far."""

    data_set: str
    kind: str
    text: str
    hits: tuple[PassageHit, ...]
    answers: tuple[bool, ...]

    @property
    def has_answer(self) -> bool:
        return any(self.answers)

    @property
    def candidates(self) -> list[Candidate]:
        return [Candidate(hit.title, " > ".join(hit.heading_path), hit.text, hit.score) for hit in self.hits]


def judge_workspace(workspace: Path, installation: Installation, far: Sequence[str]) -> list[JudgedQuestion]:
    """A passage answers where it is of the document that is expected and has one of the snippets."""
    name, judged = workspace.name, []
    for question in load_questions(workspace):
        access = AccessScope(find_principal(installation.db, question.ask_as).groups)
        hits = installation.library.search(question.question, access, limit=3 * LIMIT).hits
        if question.expect == "abstained":
            judged.append(_unanswered(name, question.kind, question.question, hits))
            continue
        top = hits[:LIMIT]
        answers = tuple(hit.path == question.document and _has_snippet(hit, question) for hit in top)
        judged.append(JudgedQuestion(name, "answerable", question.question, top, answers))
        rest = [hit for hit in hits if not _has_snippet(hit, question)]
        judged.append(_unanswered(name, "removed", question.question, rest))
    return judged + _ask_far(name, installation, far)


def judge_retrieval(folder: Path, installation: Installation, far: Sequence[str]) -> list[JudgedQuestion]:
    """A passage answers where the data set's own judges said that its document does."""
    judged, relevant = [], _read_relevant(folder)
    for identity, text in read_queries(folder).items():
        hits = installation.library.search(text, _EVERYONE, limit=_DEEP).hits
        mine = relevant[identity]
        answers = tuple(Path(hit.path).stem in mine for hit in hits[:LIMIT])
        judged.append(JudgedQuestion(folder.name, "answerable", text, hits[:LIMIT], answers))
        rest = [hit for hit in hits if Path(hit.path).stem not in mine]
        judged.append(_unanswered(folder.name, "removed", text, rest))
    return judged + _ask_far(folder.name, installation, far)


def read_queries(folder: Path) -> dict[str, str]:
    """Of a data set in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv."""
    return {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}


@contextmanager
def open_workspace(workspace: Path) -> Iterator[Installation]:
    """Ingested, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = EmbeddedSettings(workspace=workspace, var=Path(folder) / "var")
        lend_models(settings.var)
        with open_installation(settings, "evals") as installation:
            ingest(installation.db, installation.workspace, installation.library, lambda _progress: None)
            yield installation


@contextmanager
def open_retrieval(folder: Path) -> Iterator[Installation]:
    """The data set's corpus as a workspace of one Markdown file for each entry."""
    with tempfile.TemporaryDirectory() as made:
        documents = Path(made) / "documents"
        documents.mkdir()
        for row in _rows(folder / "corpus.jsonl"):
            heading = f"# {row['title']}\n\n" if row.get("title") else ""
            (documents / f"{row['_id']}.md").write_text(heading + " ".join(row["text"].split()) + "\n")
        (Path(made) / "workspace.yaml").write_text(f"name: {folder.name}\n")
        (Path(made) / "people.yaml").write_text("groups: {everyone: Everybody}\npeople: []\n")
        with open_workspace(Path(made)) as installation:
            yield installation


def _unanswered(data_set: str, kind: str, text: str, hits: Sequence[PassageHit]) -> JudgedQuestion:
    top = tuple(hits[:LIMIT])
    return JudgedQuestion(data_set, kind, text, top, (False,) * len(top))


def _ask_far(data_set: str, installation: Installation, far: Sequence[str]) -> list[JudgedQuestion]:
    search = installation.library.search
    return [_unanswered(data_set, "far", text, search(text, _EVERYONE, limit=LIMIT).hits) for text in far]


def _has_snippet(hit: PassageHit, question: Question) -> bool:
    text = _plain(hit.text)
    return any(_plain(snippet) in text for snippet in question.must_include)


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _read_relevant(folder: Path) -> dict[str, set[str]]:
    relevant: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            relevant[query].add(document)
    return relevant
