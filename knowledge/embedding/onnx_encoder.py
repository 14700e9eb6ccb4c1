"""Runs an exported model in onnxruntime: no torch, 2 ms a query, and no lock that a query could wait for."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from knowledge.embedding.model_folder import ModelFolder
from knowledge.embedding.port import Matrix

# What a core's cache holds: 325 passages took 4.4 s of processor time at 256 to 512, 5.0 s at 1,024 and 6.6 s
# at 4,096.
_BATCH_PIECES = 512
_MOST_THREADS = 4

Pieces = list[int]


class OnnxEncoder:
    """Safe to share between threads: nothing is changed after it is made."""

    def __init__(self, exported: Path, model: ModelFolder) -> None:
        # Here, since it costs 60 MB that who only submits runs need not carry.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One core per call, and one call per thread: two cores in one call wait for each other, on a busy
        # machine most of the time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(exported), options, ["CPUExecutionProvider"])
        self._inputs = [node.name for node in self._session.get_inputs()]
        # Set up once and for all: one that is changed while another thread uses it raises "Already borrowed".
        self._tokenizer = Tokenizer.from_file(str(model.path / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.most_pieces)
        self._dimension = model.dimension
        self._threads = min(_MOST_THREADS, os.cpu_count() or 1)

    def encode(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Matrix:
        """Before normalisation, in the order of the texts."""
        # One by one: a batch would start the tokenizer's own threads, which do not outlive a fork.
        pieces = [self._tokenizer.encode(text).ids for text in texts]
        batches = list(_batches([len(one) for one in pieces]))
        tokenised = [[pieces[place] for place in batch] for batch in batches]
        rows = np.empty((len(texts), self._dimension), np.float32)
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embedding")
        # A query is one batch and stays in its own thread.
        run_all = pool.map if len(batches) > 1 else map
        done = 0
        try:
            for batch, encoded in zip(batches, run_all(self._run, tokenised), strict=True):
                rows[batch] = encoded
                done += len(batch)
                on_done(done)
        finally:
            # Who is interrupted waits for the batches at hand only.
            pool.shutdown(cancel_futures=True)
        return rows

    def _run(self, batch: list[Pieces]) -> Matrix:
        shape = (len(batch), max(map(len, batch)))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, pieces in enumerate(batch):
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, np.int64)}
        [rows] = self._session.run(None, {name: given[name] for name in self._inputs})
        return np.asarray(rows, np.float32)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Places of texts of like length, longest first; a batch has at most _BATCH_PIECES, padding included, or
    one text."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > _BATCH_PIECES:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
