"""The last look at a document before it is cut and served: text meant for machines, personal data, copies.

What it decides is one status, the most serious that nobody has released: unreadable (the loader's word is
final), then suspicious, then personal data, then a copy. Each is looked for whatever the others say, so that
releasing one finding never lets another one through, and rights only ever shrink here.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.document import SourceDocument
from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile
from knowledge.pii.policy import PiiAction, PiiPolicy
from knowledge.pii.port import PiiDetector, PiiKind
from knowledge.quality.duplicates import KnownText, KnownTexts, Signature, sign
from knowledge.quality.injection import suspect
from knowledge.quality.invisible import find_invisible
from knowledge.quality.language import identify_language
from knowledge.quality.personal_data import find_personal_data, in_words, mask_personal_data
from ledger.documents import DocumentFinding

# Changed together with any rule of this package, so that documents are looked at again.
RULES_VERSION = "gate-2"

_SERIOUS_FIRST = (FileStatus.SUSPICIOUS, FileStatus.PII, FileStatus.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`blocks` are what may be served, and none unless `status` is OK; `title` is the file's own, masked as
    they are; `groups` are who may read it; `signature` is None where there was no text. A finding's kind is
    `instruction`, `hidden_text`, `unseen_characters`, `zero_width`, `duplicate` or `pii:` with a kind of
    personal data."""

    status: FileStatus
    reason: str | None
    blocks: tuple[Block, ...]
    groups: tuple[str, ...]
    language: str | None
    findings: tuple[DocumentFinding, ...]
    signature: Signature | None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class _Objection:
    """Why a document should not be served as it is; without a status it is only worth knowing."""

    finding: DocumentFinding
    status: FileStatus | None = None


class Gate:
    """Holds what it has let through, so that the next copy of it is seen; not for several threads."""

    def __init__(self, detector: PiiDetector, known: Iterable[KnownText]) -> None:
        self._detector = detector
        self._known = KnownTexts(known)

    def inspect(
        self, document: SourceDocument, loaded: LoadedFile, released: frozenset[FileStatus]
    ) -> Verdict:
        """`released` are statuses a steward has released for this very content: they stay findings."""
        self._known.forget(document.id)
        groups = document.metadata.groups
        if loaded.status is not FileStatus.OK:
            return Verdict(loaded.status, loaded.reason, (), groups, None, (), None)
        policy = document.metadata.pii
        texts = (Block(BlockKind.HEADING, loaded.title or ""), *loaded.blocks)
        found = find_personal_data(texts, self._detector)
        kinds = Counter(place.kind for place in found)
        kept = policy.narrow(groups, kinds)
        # Kept for groups that may not read it, it is either nobody's or, once released, its readers' again.
        groups = kept or groups
        signature = sign(loaded.blocks)
        objections = [
            *_suspicions(document, loaded, texts),
            *_personal_data(policy, kinds, is_kept_from=groups if not kept else ()),
            *self._copies(document, signature, groups),
        ]
        title, *blocks = mask_personal_data(texts, found, policy.kinds(PiiAction.MASK))
        verdict = Verdict(
            status=FileStatus.OK,
            reason=None,
            blocks=tuple(blocks),
            groups=groups,
            language=document.metadata.language or identify_language(block.text for block in loaded.blocks),
            findings=tuple(objection.finding for objection in objections),
            signature=signature,
            title=title.text or None,
        )
        for status in _SERIOUS_FIRST:
            grounds = [objection.finding.detail for objection in objections if objection.status is status]
            if grounds and status not in released:
                return replace(verdict, status=status, reason="; ".join(grounds), blocks=(), title=None)
        self._remember(document, verdict)
        return verdict

    def _copies(
        self, document: SourceDocument, signature: Signature | None, groups: tuple[str, ...]
    ) -> Iterator[_Objection]:
        metadata = document.metadata
        # One that was updated later is no copy: kept back, it would leave people with the older.
        copy = signature and self._known.find_copy(signature, metadata.collection, groups, metadata.updated)
        if not copy:
            return
        likeness = "a copy" if copy.likeness == 1.0 else f"nearly a copy ({copy.likeness * 100:.0f} %)"
        yield _Objection(DocumentFinding("duplicate", f"{likeness} of {copy.path}"), FileStatus.DUPLICATE)

    def _remember(self, document: SourceDocument, verdict: Verdict) -> None:
        if verdict.signature:
            metadata, groups = document.metadata, verdict.groups
            self._known.add(
                KnownText(
                    document.id,
                    document.name,
                    metadata.collection,
                    groups,
                    verdict.signature,
                    metadata.updated,
                )
            )


def verdict_recipe(document: SourceDocument) -> str:
    """Names all a verdict depends on besides the content and who may read it: with another recipe, even an
    unchanged document has to be inspected again."""
    policy = document.metadata.pii
    parts = [RULES_VERSION, document.metadata.language or "", *(policy.restrict_to or ())]
    parts += [f"{kind}={policy.action_for(kind)}" for kind in PiiKind]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _suspicions(document: SourceDocument, loaded: LoadedFile, texts: Sequence[Block]) -> Iterator[_Objection]:
    suspicion = suspect("\n".join(block.text for block in texts))
    if suspicion.is_certain:
        detail = f"it {' and '.join(suspicion.reasons)}"
        yield _Objection(DocumentFinding("instruction", detail), FileStatus.SUSPICIOUS)
    for item in find_invisible(loaded, document.content):
        status = FileStatus.SUSPICIOUS if item.is_suspicious else None
        yield _Objection(DocumentFinding(item.kind, item.detail), status)


def _personal_data(
    policy: PiiPolicy, kinds: Counter[PiiKind], *, is_kept_from: tuple[str, ...]
) -> Iterator[_Objection]:
    """`is_kept_from`: the groups that would have read it, where none of them may."""
    for kind, count in sorted(kinds.items()):
        action = policy.action_for(kind)
        times = "once" if count == 1 else f"{count:,} times"
        held = f"it holds personal data ({in_words(kind)}, {times})"
        status = None
        if action is PiiAction.ALLOW:
            continue
        if action is PiiAction.REFUSE:
            status, held = FileStatus.PII, f"{held}, which is refused"
        elif action is PiiAction.MASK:
            held += ", masked"
        elif is_kept_from:
            kept_for = ", ".join(policy.restrict_to or ())
            held += f", kept for {kept_for}, and its groups ({', '.join(is_kept_from)}) are none of these"
            status = FileStatus.PII
        else:
            held += f", kept for {', '.join(policy.restrict_to or ())}"
        yield _Objection(DocumentFinding(f"pii:{kind}", held), status)
