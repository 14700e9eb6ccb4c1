"""`python -m knowledge.embedding.export FOLDER DRAFT`: writes the model in FOLDER as onnxruntime reads it to
DRAFT/model.onnx, and beside it what the check found.

A process of its own, so that whoever needs the export never carries torch. Exit status 1, with the reason as
the last line on stderr, where the result does not do the same as torch.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.embedding.export_record import EXPORTED, ExportRecord
from knowledge.embedding.model_folder import read_model_folder
from knowledge.embedding.onnx_encoder import OnnxEncoder
from knowledge.embedding.torch_encoder import load_unnormalised
from knowledge.model_files import file_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

LEAST_LIKENESS = 0.9999
_OPSET = 17
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# Short and long, plain and strange, so that batches of several lengths are made and padded.
_SENTENCES = (
    "How long do I have to hand in a receipt?",
    "VPN",
    "",
    "Receipts are handed in within 30 days of the end of the trip; LATER ones are paid with the next salary.",
    "  Größe, naïve façade, 日本語, emoji 🙂 and\ttabs\n\nand lines.  ",
    "The till's printer is out of paper. " * 12,
    "Who may read the documents of a folder, and who decides that? " * 80,
)


def main(arguments: Sequence[str]) -> None:
    folder, draft = Path(arguments[0]), Path(arguments[1])
    model = read_model_folder(folder)
    reference = load_unnormalised(model)
    _export(reference, draft / EXPORTED)
    likeness = _compare(reference, OnnxEncoder(draft / EXPORTED, model))
    if not likeness >= LEAST_LIKENESS:
        sys.exit(f"the export is not the same model: {likeness:.6f} like torch, {LEAST_LIKENESS} is wanted")
    ExportRecord(sha256=file_sha256(draft / EXPORTED), likeness=likeness).write(draft)


def _export(reference: "SentenceTransformer", target: Path) -> None:
    import torch

    names = [name for name in _INPUTS if name in reference.tokenizer.model_input_names]

    class Pooled(torch.nn.Module):
        """Tensors in, one tensor out, as the exporter wants it."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = reference

        def forward(self, *inputs: "Tensor") -> "Tensor":
            features = dict(zip(names, inputs, strict=True))
            for step in self.steps:
                features = step(features)
            return features["sentence_embedding"]

    ids = torch.ones((2, 7), dtype=torch.int64)
    mask = torch.tensor([[1] * 7, [1] * 5 + [0] * 2])
    example = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    with torch.no_grad():
        # The exporter by tracing: the newer one takes 5 s longer, needs two more packages, and onnxruntime
        # recognises less of what it writes (10% slower).
        torch.onnx.export(
            Pooled().eval(),
            tuple(example[name] for name in names),
            str(target),
            dynamo=False,
            opset_version=_OPSET,
            input_names=names,
            output_names=["sentence_embedding"],
            dynamic_axes={name: {0: "texts", 1: "pieces"} for name in names}
            | {"sentence_embedding": {0: "texts"}},
        )


def _compare(reference: "SentenceTransformer", exported: OnnxEncoder) -> float:
    """The least cosine over the sentences, or the least ratio of lengths if that is less."""
    wanted = reference.encode(list(_SENTENCES), show_progress_bar=False)
    got = exported.encode(_SENTENCES, lambda _done: None)
    wanted_norms, norms = np.linalg.norm(wanted, axis=1), np.linalg.norm(got, axis=1)
    cosines = (wanted * got).sum(axis=1) / (wanted_norms * norms)
    ratios = np.minimum(wanted_norms, norms) / np.maximum(wanted_norms, norms)
    return float(min(cosines.min(), ratios.min()))


if __name__ == "__main__":
    main(sys.argv[1:])
