"""Finds a text that is there already, whole or but for a few words.

Two texts that tell different things are never copies of each other, however alike they read: a text with
another number, date, negation, permission or name than its twin may contradict it, and who asks must then
see both. The numbers are part of what is compared, so that a thousand tickets from one template do not even
become candidates.
"""

import hashlib
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from knowledge.loading.blocks import Block, BlockKind

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash, MinHashLSH

FEWEST_WORDS = 20
# Measured on 37 documents of 100 to 900 words: with 1 % of its words changed a copy shares 0.91 and more of
# its three-word runs, with 2 % 0.84 and more, with a sentence added 0.94; different documents share none.
NEAR = 0.85
_MOST_NEAR = 0.99

_PERMUTATIONS = 128
# 12 bands of 8 rows bring 98 % of the pairs at 0.85 and 99.9 % of those at 0.9 to the comparison.
_BANDS = (12, 8)
_RUNS_AT_ONCE = 4_096
_MARKER = re.compile(r"^(?:\d{1,3}[.)]|[-*•–])\s+")
# Scripts that leave no space between words are taken character by character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_NAME = re.compile(r"(?<=[\w,;:] )[^\W\d_a-z]\w+")
_TELLING_WORDS = """
    no not never none nor without cannot except unless neither only
    allowed permitted required mandatory optional voluntary approved accepted granted included
    disallowed forbidden prohibited banned rejected refused denied declined excluded exempt must may
    before after always yes true false minimum maximum
    erlaubt gestattet verboten untersagt permis interdit obligatoire permitido prohibido obligatorio
    nicht kein keine keinen niemals ohne ne pas jamais sans nunca sin non mai senza niet geen
    zero one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    sixty hundred thousand million first second third half quarter double daily weekly monthly yearly
    monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
"""
_TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Signature:
    """Of a document's text, to find copies of it. `text_hash` is of the text but for case, white space and
    list markers; `minhash` is empty for a text too short to compare."""

    text_hash: str
    minhash: bytes


@dataclass(frozen=True, slots=True)
class KnownText:
    """A served document that others may turn out to be copies of."""

    document_id: str
    path: str
    collection: str
    groups: tuple[str, ...]
    signature: Signature
    updated: date | None = None

    def is_older_than(self, day: date | None) -> bool:
        return day is not None and (self.updated is None or self.updated < day)


@dataclass(frozen=True, slots=True)
class Copy:
    """`likeness` is the share of three-word runs two texts have in common; 1 only where they are the same."""

    path: str
    likeness: float


def sign(blocks: Sequence[Block]) -> Signature | None:
    """None where there is no text."""
    lines = [_MARKER.sub("", _plain(block)) if _is_item(block) else _plain(block) for block in blocks]
    text = "\n".join(line for line in lines if line)
    if not text:
        return None
    folded = text.casefold()
    text_hash = hashlib.sha256(_bytes(" ".join(folded.split()))).hexdigest()
    words = _WORD.findall(folded)
    if len(words) < FEWEST_WORDS:
        return Signature(text_hash, b"")
    return Signature(text_hash, _minhash(words) + _names(text))


class KnownTexts:
    """Compares only within a collection and a set of groups: a copy elsewhere has readers of its own."""

    def __init__(self, texts: Iterable[KnownText]) -> None:
        self._shelves: dict[tuple[str, frozenset[str]], _Shelf] = {}
        self._places: dict[str, tuple[str, frozenset[str]]] = {}
        for text in texts:
            self.add(text)

    def add(self, text: KnownText) -> None:
        """In place of what was known of the same document."""
        self.forget(text.document_id)
        place = (text.collection, frozenset(text.groups))
        self._places[text.document_id] = place
        self._shelves.setdefault(place, _Shelf()).add(text)

    def forget(self, document_id: str) -> None:
        place = self._places.pop(document_id, None)
        if place is not None:
            self._shelves[place].remove(document_id)

    def find_copy(
        self,
        signature: Signature,
        collection: str,
        groups: Iterable[str],
        updated: date | None = None,
    ) -> Copy | None:
        """The text that is most like it, if any is near enough; none that is older than `updated`."""
        shelf = self._shelves.get((collection, frozenset(groups)))
        return shelf.find_copy(signature, updated) if shelf else None


@dataclass(slots=True)
class _Shelf:
    """The texts of one place. What is near is looked up by bands of the hashes, not by comparing all."""

    texts: dict[str, KnownText] = field(default_factory=dict)
    by_hash: dict[str, list[str]] = field(default_factory=dict)
    bands: "MinHashLSH | None" = None

    def add(self, text: KnownText) -> None:
        self.texts[text.document_id] = text
        self.by_hash.setdefault(text.signature.text_hash, []).append(text.document_id)
        if text.signature.minhash:
            if self.bands is None:
                from datasketch import MinHashLSH

                self.bands = MinHashLSH(num_perm=_PERMUTATIONS, params=_BANDS)
            self.bands.insert(text.document_id, _read(text.signature.minhash)[0])

    def remove(self, document_id: str) -> None:
        text = self.texts.pop(document_id)
        self.by_hash[text.signature.text_hash].remove(document_id)
        if self.bands is not None and text.signature.minhash:
            self.bands.remove(document_id)

    def find_copy(self, signature: Signature, updated: date | None) -> Copy | None:
        same = [self.texts[document_id] for document_id in self.by_hash.get(signature.text_hash, ())]
        if paths := [text.path for text in same if not text.is_older_than(updated)]:
            return Copy(min(paths), 1.0)
        if not signature.minhash or self.bands is None:
            return None
        near = list(self._near(signature.minhash, updated))
        return min(near, key=lambda copy: (-copy.likeness, copy.path), default=None)

    def _near(self, minhash: bytes, updated: date | None) -> Iterator[Copy]:
        assert self.bands is not None
        sketch, names = _read(minhash)
        for document_id in self.bands.query(sketch):
            text = self.texts[document_id]
            if text.is_older_than(updated):
                continue
            other, other_names = _read(text.signature.minhash)
            likeness = float(sketch.jaccard(other))
            # A name more or less is an addition; one in another's place makes it about somebody else.
            if likeness >= NEAR and (names <= other_names or other_names <= names):
                # Runs are a set and their hashes a sample: all in common is not yet the same text.
                yield Copy(text.path, min(likeness, _MOST_NEAR))


def _is_item(block: Block) -> bool:
    return block.kind is BlockKind.LIST_ITEM


def _plain(block: Block) -> str:
    return " ".join(unicodedata.normalize("NFKC", block.text).split())


def _minhash(words: list[str]) -> bytes:
    from datasketch import LeanMinHash

    told = " ".join(word for word in words if word in _TELLING or not word.isalpha())
    # Hashed on from here, the runs of texts that tell different numbers have no hash in common.
    seed = int.from_bytes(hashlib.sha256(_bytes(told)).digest()[:4], "little")
    runs = [_bytes(" ".join(run)) for run in set(zip(words, words[1:], words[2:], strict=False))]
    sketch = _empty_sketch().copy()
    sketch.hashfunc = lambda run: crc32(run, seed)
    for start in range(0, len(runs), _RUNS_AT_ONCE):
        sketch.update_batch(runs[start : start + _RUNS_AT_ONCE])
    lean = LeanMinHash(sketch)
    buffer = bytearray(lean.bytesize("<"))
    lean.serialize(buffer, "<")
    return bytes(buffer)


@cache
def _empty_sketch() -> "MinHash":
    """Made once: its permutations take longer than a page's hashes."""
    from datasketch import MinHash

    # The scheme is named because hashes of two schemes cannot be compared, and these are kept.
    return MinHash(num_perm=_PERMUTATIONS, scheme="affine32")


def _names(text: str) -> bytes:
    """Four bytes for each word in capitals within a sentence."""
    found = {name.casefold() for name in _NAME.findall(text)}
    digests = (crc32(_bytes(name)) for name in found)
    return array("I", sorted(digests)).tobytes()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _read(minhash: bytes) -> tuple["LeanMinHash", frozenset[int]]:
    from datasketch import LeanMinHash

    sketch = LeanMinHash.deserialize(minhash, "<")
    names = array("I")
    names.frombytes(minhash[sketch.bytesize("<") :])
    return sketch, frozenset(names)
