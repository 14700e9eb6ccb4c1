"""How the score of a detector is counted, and the bar it is held to."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.pii import Marked, MarkedText, main, score_detector
from knowledge.pii.port import PiiKind, PiiSpan

SYNTHETIC = Path(__file__).parents[4] / "shared" / "data" / "pii" / "synth_dev.jsonl"


class Scripted:
    def __init__(self, *spans: PiiSpan) -> None:
        self._spans = list(spans)

    def find(self, _text: str) -> list[PiiSpan]:
        return self._spans


def marked(text: str, **values: str) -> MarkedText:
    """Each value where it first stands in the text, by the name of its type."""
    spans = [
        Marked(type=name, start=text.index(value), end=text.index(value) + len(value))
        for name, value in values.items()
    ]
    return MarkedText(text=text, spans=tuple(spans))


def write(path: Path, *texts: MarkedText) -> str:
    lines: list[dict[str, Any]] = [{"id": n, **text.model_dump(mode="json")} for n, text in enumerate(texts)]
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return str(path)


def test_the_leak_is_counted_in_characters_of_structured_data() -> None:
    text = marked(
        "Jane: jane@example.com, 5550147",
        EMAIL_ADDRESS="jane@example.com",
        PHONE_NUMBER="5550147",
        PERSON="Jane",
    )
    half = Scripted(PiiSpan(PiiKind.EMAIL, 6, 22, 1.0), PiiSpan(PiiKind.EMAIL, 24, 27, 1.0))
    score = score_detector(half, [text])
    assert score.leak_rate == 4 / 23
    phone = score.types["PHONE_NUMBER"]
    assert (phone.spans, phone.found, phone.chars, phone.visible) == (1, 0, 7, 4)
    assert (score.kinds[PiiKind.EMAIL].detected, score.kinds[PiiKind.EMAIL].right) == (2, 1)
    assert score.types["PERSON"].visible == 4
    assert len(score.misses) == 1


def test_what_nobody_marked_is_counted_as_masked_too_much() -> None:
    text = marked("Room 4417 of jane@example.com", EMAIL_ADDRESS="jane@example.com")
    score = score_detector(
        Scripted(PiiSpan(PiiKind.PHONE, 5, 9, 0.5), PiiSpan(PiiKind.EMAIL, 13, 29, 1.0)), [text]
    )
    assert (score.over_masked, score.chars, score.leak_rate) == (4, 29, 0.0)


def test_the_exit_status_tells_whether_the_bar_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = marked("Mail jane@example.com on Friday", EMAIL_ADDRESS="jane@example.com", DATE_TIME="Friday")
    missed = marked("It was 5550147 all along", PHONE_NUMBER="5550147")
    assert main([write(tmp_path / "good.jsonl", found)]) == 0
    assert "Leak rate of structured data: 0.00%, within 2%." in capsys.readouterr().out
    assert main([write(tmp_path / "bad.jsonl", found, missed)]) == 1
    assert "Leak rate of structured data: 30.43%, above 2%." in capsys.readouterr().out
    assert main([]) == 2


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.jsonl").write_bytes(b'{"text": "x"\n')
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\xff")
    for name in ("nowhere.jsonl", "broken.jsonl", "binary.jsonl"):
        assert main([str(tmp_path / name)]) == 2
        assert f"{name} cannot be read" in capsys.readouterr().err


@pytest.mark.skipif(not SYNTHETIC.exists(), reason="the synthetic sentences lie outside the repository")
def test_the_synthetic_sentences_are_within_the_bar() -> None:
    assert main([str(SYNTHETIC)]) == 0
