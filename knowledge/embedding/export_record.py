"""What stands beside an exported model: that it is whole, and how near to torch it came."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.model_files import file_sha256

# Changed together with anything in `export` that makes another file of the same model.
RECIPE = "export-1"
EXPORTED = "model.onnx"
_RECORD = "export.json"


class ExportRecord(BaseModel):
    """`likeness` is 1 where the vectors are torch's own."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    likeness: float

    def write(self, folder: Path) -> None:
        (folder / _RECORD).write_text(self.model_dump_json())


def is_whole(folder: Path) -> bool:
    """Whether the folder's model is there and is the one that was checked."""
    try:
        record = ExportRecord.model_validate_json((folder / _RECORD).read_text())
        return file_sha256(folder / EXPORTED) == record.sha256
    except (OSError, ValidationError):
        return False


def adopt(draft: Path, folder: Path) -> None:
    """Moves a finished export in. The record comes last: a model it does not speak of is not used."""
    for name in (EXPORTED, _RECORD):
        (draft / name).replace(folder / name)
