"""One export of the packaged embedding model for all tests and the processes they start, kept from one test
run to the next: making it takes seconds."""

from functools import cache
from pathlib import Path

from knowledge.embedding import Embedder, open_embedder
from knowledge.embedding.export_cache import exported_model
from knowledge.embedding.model_folder import read_packaged_model

MODELS = Path(__file__).parent.parent / ".pytest_cache" / "models"


@cache
def packaged_embedder() -> Embedder:
    """Loaded once in this process."""
    return open_embedder(MODELS)


def lend_models(var: Path) -> None:
    """Before anything else uses `var`: what is exported lies there already."""
    exported_model(MODELS, read_packaged_model())
    var.mkdir(parents=True)
    (var / "models").symlink_to(MODELS, target_is_directory=True)
