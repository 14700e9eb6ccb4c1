"""What a file was read as, in a form that a test can write down."""

from knowledge.loading.blocks import FileStatus
from knowledge.loading.load import load_file


def shape(name: str, content: bytes) -> list[tuple[str, int, str]]:
    """Kind, level and text of each block of a file that must be readable."""
    loaded = load_file(name, content)
    assert loaded.status is FileStatus.OK, loaded.reason
    return [(block.kind.value, block.level, block.text) for block in loaded.blocks]
