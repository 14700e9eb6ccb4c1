"""Turns text into vectors of length one, so that the product of two is their cosine.

Models run in onnxruntime; torch is needed once per model, in a process of its own.
"""

from knowledge.embedding.embedder import open_embedder
from knowledge.embedding.memory import VectorMemory
from knowledge.embedding.port import DIMENSION, Embedded, Embedder, Matrix, Vector

__all__ = ["DIMENSION", "Embedded", "Embedder", "Matrix", "Vector", "VectorMemory", "open_embedder"]
