"""Office files are zip archives that tell when they were written; equal reports must not differ by that."""

import io
import re
import zipfile
from datetime import UTC, datetime

_FIRST_YEAR = 1980
_MOMENTS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def settle(content: bytes, moment: datetime) -> bytes:
    """The same archive as if it had been written at that moment, with the archives inside of it."""
    moment = moment.astimezone(UTC)
    stamp = (max(moment.year, _FIRST_YEAR), *moment.timetuple()[1:6])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for entry in source.infolist():
            info = zipfile.ZipInfo(entry.filename, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            target.writestr(info, _settled(entry.filename, source.read(entry), moment))
    return buffer.getvalue()


def _settled(name: str, content: bytes, moment: datetime) -> bytes:
    if name.endswith(".xlsx"):
        return settle(content, moment)
    if name == "docProps/core.xml":
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        return _MOMENTS.sub(rb"\g<1>" + at + rb"\g<2>", content)
    return content
