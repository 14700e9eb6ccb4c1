"""What was embedded lately is not embedded again, and is what a model would say."""

import numpy as np

from knowledge.embedding import VectorMemory
from tests.stand_ins.ingestion import HashEmbedder


def test_each_text_is_embedded_once_and_answered_in_the_order_asked() -> None:
    memory, embedder = VectorMemory(), HashEmbedder()
    memory.vectors(embedder, ["tents", "bikes", "tents"])
    rows = memory.vectors(embedder, ["boots", "bikes", "tents"])
    assert embedder.embedded == ["tents", "bikes", "boots"]
    fresh = HashEmbedder().embed_passages(["boots", "bikes", "tents"], lambda _done: None).vectors
    assert np.array_equal(rows, fresh)


def test_what_was_not_asked_for_the_longest_is_forgotten_first() -> None:
    memory, embedder = VectorMemory(most=2), HashEmbedder()
    memory.vectors(embedder, ["tents", "bikes"])
    memory.vectors(embedder, ["tents"])
    memory.vectors(embedder, ["boots"])
    embedder.embedded.clear()
    memory.vectors(embedder, ["tents", "boots"])
    assert embedder.embedded == []
    memory.vectors(embedder, ["bikes"])
    assert embedder.embedded == ["bikes"]


def test_more_at_once_than_it_holds_are_answered_all_the_same() -> None:
    rows = VectorMemory(most=1).vectors(HashEmbedder(), ["tents", "bikes", "boots"])
    assert rows.shape == (3, HashEmbedder().dimension)


def test_another_model_has_other_vectors() -> None:
    memory, one, other = VectorMemory(), HashEmbedder("one"), HashEmbedder("other")
    memory.vectors(one, ["tents"])
    memory.vectors(other, ["tents"])
    assert other.embedded == ["tents"]


def test_no_texts_are_no_rows() -> None:
    assert VectorMemory().vectors(HashEmbedder(), []).shape == (0, HashEmbedder().dimension)
