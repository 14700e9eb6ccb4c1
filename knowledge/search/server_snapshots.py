"""Fetches a snapshot from a Qdrant server as one file, and sends one back.

qdrant-client has a server make a snapshot, but leaves it there, where it goes with the collection.
"""

from dataclasses import dataclass
from pathlib import Path

import httpx

# A whole index travels, and the server unpacks it before it answers.
_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class ServerAddress:
    url: str
    api_key: str | None

    def fetch_snapshot(self, collection: str, snapshot: str, file: Path) -> None:
        """The file appears when it is whole. Raises httpx.HTTPError."""
        draft = file.with_name(f"{file.name}.new")
        with self._client() as client, client.stream("GET", _path(collection, snapshot)) as response:
            response.raise_for_status()
            with draft.open("wb") as written:
                for chunk in response.iter_bytes():
                    written.write(chunk)
        draft.replace(file)

    def send_snapshot(self, collection: str, file: Path) -> None:
        """Makes the collection. Raises httpx.HTTPError."""
        wishes = {"wait": "true", "priority": "snapshot"}
        with self._client() as client, file.open("rb") as content:
            response = client.post(_path(collection, "upload"), params=wishes, files={"snapshot": content})
            response.raise_for_status()

    def _client(self) -> httpx.Client:
        headers = {"api-key": self.api_key} if self.api_key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT_S)


def _path(collection: str, snapshot: str) -> str:
    return f"/collections/{collection}/snapshots/{snapshot}"
