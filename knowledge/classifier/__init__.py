"""Learns categories from a workspace's labelled examples, and says how sure it is.

Training is deterministic; a model is kept in a file of numbers and words, never as pickled code.
"""

from knowledge.classifier.kept import open_classifier
from knowledge.classifier.model import Classified, Classifier, Guess
from knowledge.classifier.train import OUT_OF_SCOPE, Example, train_classifier

__all__ = [
    "OUT_OF_SCOPE",
    "Classified",
    "Classifier",
    "Example",
    "Guess",
    "open_classifier",
    "train_classifier",
]
