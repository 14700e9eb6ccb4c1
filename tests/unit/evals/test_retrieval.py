"""The measuring of retrieval: what it reads, what it says, and when it fails."""

import json
from pathlib import Path

import pytest

from evals.beir import load_collection
from evals.retrieval import Score, Scores, bootstrap, main
from ledger.errors import InvalidInput

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "retrieval"
CORPUS = {
    "tent": ("Tents", "Tents are returned dry and folded."),
    "pay": ("", "Wages are paid on the 25th of the month."),
    "key": ("Keys", "A lost key costs 40 EUR."),
}


def write(folder: Path, judgements: str = "q1\ttent\t1\nq2\tpay\t2\nq2\tkey\t0\n") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "qrels").mkdir(exist_ok=True)
    passages = [{"_id": key, "title": title, "text": text} for key, (title, text) in CORPUS.items()]
    questions = [{"_id": "q1", "text": "wet tent"}, {"_id": "q2", "text": "when do I get my salary"}]
    for name, entries in (("corpus.jsonl", passages), ("queries.jsonl", questions)):
        (folder / name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judgements)
    return folder


def test_a_collection_is_read(tmp_path: Path) -> None:
    collection = load_collection(write(tmp_path / "small"))
    assert collection.name == "small"
    assert collection.passages["tent"] == "Tents Tents are returned dry and folded."
    assert collection.passages["pay"] == "Wages are paid on the 25th of the month."
    assert collection.relevant == {"q1": {"tent": 1}, "q2": {"pay": 2}}


@pytest.mark.parametrize(
    ("judgements", "said"),
    [
        ("q1\tboat\t1\n", "no passage 'boat'"),
        ("q9\ttent\t1\n", "no question 'q9'"),
        ("q1\ttent\n", "test.tsv:2: this is no query-id"),
        ("q1\ttent\tmuch\n", "test.tsv:2: this is no query-id"),
        ("", "nothing to measure"),
    ],
)
def test_judgements_that_make_no_sense_are_told(judgements: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=said):
        load_collection(write(tmp_path, judgements))


@pytest.mark.parametrize("line", ["{", "[]", '{"_id": "a"}', "3"])
def test_a_line_that_is_no_entry_is_told(line: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "corpus.jsonl").write_text(line)
    with pytest.raises(InvalidInput, match=r"corpus.jsonl:1: this is no entry"):
        load_collection(tmp_path)


def test_a_malformed_folder_is_one_sentence_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "corpus.jsonl cannot be read" in capsys.readouterr().err
    assert main([]) == 2


def test_a_small_collection_is_measured_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path / "small"))]) == 0
    printed = capsys.readouterr().out
    assert "hybrid      │ 1.0000 (1.000 to 1.000) │ 1.0000" in printed
    assert "passed" in printed


def scores(**nDCG: float) -> Scores:  # noqa: N803 - the measure is written so
    ways = {"words": 0.5, "dense": 0.6, "hybrid": 0.6, "plain dense": 0.6} | {
        way.replace("_", " "): value for way, value in nDCG.items()
    }
    of = {
        way: {"nDCG@10": Score(value, value, value), "Recall@100": Score(0.9, 0.9, 0.9)}
        for way, value in ways.items()
    }
    return Scores("made up", of)


def test_the_bars_are_those_of_the_better_side_and_of_the_plain_model() -> None:
    assert scores(hybrid=0.5951).faults() == []
    (fault,) = scores(hybrid=0.5949).faults()
    assert fault == "hybrid nDCG@10 is 0.0051 below its better side"
    (fault,) = scores(words=0.62, hybrid=0.61).faults()
    assert "below its better side" in fault
    assert scores(plain_dense=0.6019).faults() == []
    (fault,) = scores(plain_dense=0.6021).faults()
    assert "below plain sentence-transformers" in fault


def test_an_interval_holds_its_mean_and_is_the_same_each_time() -> None:
    values = [0.0, 0.5, 1.0, 1.0] * 25
    score = bootstrap(values)
    assert score.low < score.mean == 0.625 < score.high
    assert 0.1 < score.high - score.low < 0.25
    assert bootstrap(values) == score
    assert bootstrap([0.5]) == Score(0.5, 0.5, 0.5)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared retrieval collections are not here")
@pytest.mark.parametrize(("name", "passages", "questions"), [("stackfaq", 719, 500), ("medline", 1_033, 30)])
def test_the_shared_collections_can_be_read(name: str, passages: int, questions: int) -> None:
    collection = load_collection(SHARED / name)
    assert (len(collection.passages), len(collection.questions)) == (passages, questions)
