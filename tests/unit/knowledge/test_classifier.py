"""Categories learned from examples: the same each time, as sure as it is right, and kept on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.classifier.features import fit_features
from knowledge.classifier.kept import open_classifier
from knowledge.classifier.labels import OUT_OF_SCOPE, Classified, Example
from knowledge.classifier.model import Classifier, probabilities
from knowledge.classifier.train import train_classifier
from knowledge.embedding import Matrix
from ledger.errors import InvalidInput

_THINGS = {
    "network": "vpn gateway router wireless cable signal tunnel",
    "hardware": "laptop screen keyboard battery printer mouse fan",
    "pay": "salary payslip holiday bonus overtime contract leave",
}
_STRANGE = ["weather tomorrow sunny", "poem about autumn", "football score yesterday", "recipe with lentils"]


def made_up(each: int = 12) -> list[Example]:
    """`each` requests of each category, of three of its words; no two are alike."""
    rng = np.random.default_rng(3)
    return [
        Example(f"my {' '.join(rng.choice(words.split(), 3, replace=False))} number {place}", label)
        for label, words in _THINGS.items()
        for place in range(each)
    ]


def embed(texts: Sequence[str]) -> Matrix:
    """Letters counted by place in the alphabet: enough for likeness, and for nothing to be loaded."""
    rows = np.zeros((len(texts), 26), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for letter in text:
            if "a" <= letter <= "z":
                row[ord(letter) - ord("a")] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def trained(examples: Sequence[Example]) -> Classifier:
    return train_classifier(examples, embed([example.text for example in examples]))


def said(classifier: Classifier, *texts: str) -> list[Classified]:
    return classifier.classify(texts, embed(texts))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return trained([*made_up(), *(Example(text, OUT_OF_SCOPE) for text in _STRANGE)])


def test_a_text_is_given_the_category_of_its_words(classifier: Classifier) -> None:
    found = said(classifier, "the vpn tunnel has no signal", "Keyboard and screen", "holiday and overtime")
    assert [item.best.label for item in found] == ["network", "hardware", "pay"]
    for item in found:
        assert item.in_scope
        chances = [guess.probability for guess in item.guesses]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(1)
    assert classifier.macro_f1 > 0.9


def test_what_is_like_no_example_is_not_in_scope(classifier: Classifier) -> None:
    assert [item.in_scope for item in said(classifier, "sunny weather", "zzz", "")] == [False, False, False]


def test_without_strange_examples_most_known_requests_are_let_in() -> None:
    examples = made_up()
    classifier = trained(examples)
    kept = [item.in_scope for item in said(classifier, *(example.text for example in examples))]
    assert np.mean(kept) >= 0.95


def test_nothing_asked_is_nothing_said(classifier: Classifier) -> None:
    assert classifier.classify([], np.zeros((0, 26), np.float32)) == []


def test_training_is_the_same_each_time(classifier: Classifier) -> None:
    again = trained([*made_up(), *(Example(text, OUT_OF_SCOPE) for text in _STRANGE)])
    text = "laptop on holiday without wireless"
    assert said(again, text) == said(classifier, text)


def test_two_categories_are_told_apart() -> None:
    classifier = trained([example for example in made_up() if example.label != "pay"])
    assert [item.best.label for item in said(classifier, "vpn router", "printer fan")] == [
        "network",
        "hardware",
    ]


def test_probabilities_say_how_often_it_is_right() -> None:
    """Of a fifth of all labels made wrong, the classifier cannot be sure of more than the rest."""
    examples = made_up(40)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(examples)) < 0.2
    noisy = [
        Example(example.text, str(rng.choice(list(_THINGS)))) if off else example
        for example, off in zip(examples, wrong, strict=True)
    ]
    found = said(trained(noisy), *(example.text.replace("my", "our") for example in examples))
    mean = np.mean([item.best.probability for item in found])
    assert 0.7 < mean < 0.95


@pytest.mark.parametrize(
    ("examples", "complaint"),
    [
        ([], "at least two categories"),
        ([Example("vpn", "network"), Example("wifi", "network")], "at least two categories"),
        ([Example("vpn", "a"), Example("wifi", "a"), Example("pay", "b")], "'b' has one example only"),
        (
            [Example("?", "a"), Example("!", "a"), Example(".", "b"), Example(",", "b")],
            "no words to learn from",
        ),
    ],
)
def test_too_little_to_learn_from_is_told(examples: list[Example], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        trained(examples)


def test_sharper_margins_are_surer() -> None:
    margins = np.array([[1.0, 0.0, -1.0]])
    dull, sharp = probabilities(margins, 0.5), probabilities(margins, 5.0)
    assert dull.sum() == pytest.approx(1)
    assert sharp[0, 0] > dull[0, 0] > 1 / 3


def test_rare_letters_of_few_texts_count() -> None:
    assert fit_features(["abc", "xyz"]).rows(["abc"]).nnz > 1


class Counted:
    """An embedder that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> Matrix:
        self.asked += 1
        return embed(texts)


def test_a_classifier_is_kept_until_its_examples_change(tmp_path: Path) -> None:
    vectors, examples = Counted(), made_up()
    first = open_classifier(tmp_path, examples, "model-1", vectors)
    again = open_classifier(tmp_path, examples, "model-1", vectors)
    assert vectors.asked == 1
    texts = [example.text for example in examples]
    assert said(again, *texts) == said(first, *texts)
    assert (again.scope_from, again.macro_f1) == (first.scope_from, first.macro_f1)
    [file] = tmp_path.iterdir()
    open_classifier(tmp_path, examples[1:], "model-1", vectors)
    open_classifier(tmp_path, examples[1:], "model-2", vectors)
    assert vectors.asked == 3
    # What no example makes any more is gone.
    assert len(list(tmp_path.iterdir())) == 1
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"nonsense"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    vectors, examples = Counted(), made_up()
    open_classifier(tmp_path, examples, "model", vectors)
    [file] = tmp_path.iterdir()
    file.write_bytes(content)
    open_classifier(tmp_path, examples, "model", vectors)
    open_classifier(tmp_path, examples, "model", vectors)
    assert vectors.asked == 2
