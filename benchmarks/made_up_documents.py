"""A workspace of as many documents as wanted, of the sample documents' sentences in an order drawn at random:
real words in passages of natural length, and no document a copy of another."""

import random
from pathlib import Path

from knowledge.sentences import split_sentences

PASSAGES_PER_DOCUMENT = 8
_SENTENCES = (1, 9)
_PEOPLE = "groups: {everyone: All of us}\npeople:\n  - {email: you@company.example, name: You}\n"


def read_sentences(documents: Path) -> list[str]:
    """Plain sentences without anybody's address in them."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(documents.rglob("*.md")))
    lines = (line.strip() for text in texts for line in text.split("\n\n"))
    plain = (line for line in lines if line[:1].isalnum() and "@" not in line and "|" not in line)
    sentences = (sentence for line in plain for sentence in split_sentences(" ".join(line.split())))
    return [sentence for sentence in sentences if len(sentence.split()) > 3]


def make_workspace(folder: Path) -> None:
    (folder / "documents").mkdir(parents=True)
    (folder / "workspace.yaml").write_text("name: Made up\n")
    (folder / "people.yaml").write_text(_PEOPLE)


def write_documents(folder: Path, sentences: list[str], documents: int, seed: int) -> None:
    """Beside those that are there; each has PASSAGES_PER_DOCUMENT sections."""
    draw = random.Random(seed)
    for number in range(documents):
        parts = [f"# {_title(draw, sentences)} {seed}-{number}"]
        for section in range(PASSAGES_PER_DOCUMENT):
            body = " ".join(draw.choices(sentences, k=draw.randint(*_SENTENCES)))
            parts.append(f"## {_title(draw, sentences)} {section}\n\n{body}")
        (folder / "documents" / f"{seed}-{number:03}.md").write_text("\n\n".join(parts) + "\n")


def _title(draw: random.Random, sentences: list[str]) -> str:
    return " ".join(draw.choice(sentences).split()[:4]).rstrip(".,:;")
