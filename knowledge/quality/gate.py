"""Judges documents. (A stand-in with the signatures of the real one: exact copies and one magic word.)"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from knowledge.document import SourceDocument
from knowledge.loading.blocks import Block, FileStatus, LoadedFile
from knowledge.pii.policy import PiiPolicy
from knowledge.pii.port import PiiDetector


@dataclass(frozen=True, slots=True)
class Signature:
    text_hash: str
    minhash: bytes


@dataclass(frozen=True, slots=True)
class KnownText:
    document_id: str
    path: str
    collection: str
    groups: tuple[str, ...]
    signature: Signature


@dataclass(frozen=True, slots=True)
class GateFinding:
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    status: FileStatus
    reason: str | None
    blocks: tuple[Block, ...]
    groups: tuple[str, ...]
    language: str | None
    findings: tuple[GateFinding, ...]
    signature: Signature | None


class Gate:
    def __init__(self, policy: PiiPolicy, detector: PiiDetector, known: Iterable[KnownText]) -> None:
        self._known = list(known)

    def inspect(
        self, document: SourceDocument, loaded: LoadedFile, released: frozenset[FileStatus]
    ) -> Verdict:
        groups = document.metadata.groups
        if loaded.status is not FileStatus.OK:
            return Verdict(loaded.status, loaded.reason, (), groups, None, (), None)
        text = "\n".join(block.text for block in loaded.blocks)
        signature = Signature(hashlib.sha256(text.encode()).hexdigest(), b"")
        findings = [GateFinding("instruction", "It gives orders.")] if "OBEY ME" in text else []
        if findings and FileStatus.SUSPICIOUS not in released:
            reason = "it gives orders to its reader"
            return Verdict(FileStatus.SUSPICIOUS, reason, (), groups, "en", tuple(findings), signature)
        known = KnownText(document.id, document.name, document.metadata.collection, groups, signature)
        for other in self._known:
            same = (other.collection, other.groups, other.signature.text_hash)
            mine = (known.collection, known.groups, signature.text_hash)
            if same == mine and FileStatus.DUPLICATE not in released:
                reason = f"it is a copy of {other.path}"
                found = (*findings, GateFinding("duplicate", reason))
                return Verdict(FileStatus.DUPLICATE, reason, (), groups, "en", found, signature)
        self._known.append(known)
        return Verdict(FileStatus.OK, None, loaded.blocks, groups, "en", tuple(findings), signature)
