"""A checkpoint on the local file system, changed as Sluice changes one on S3."""

import hashlib
import json
import shutil
import uuid
from pathlib import Path

# What stands in `metadata` while the gate is closed: text that is no JSON.
GATE = b"SLUICE GATE CLOSED run 42: do not start this job; see the run page"


class Checkpoint:
    def __init__(self, root: Path, location: str | None = None):
        self.root = root
        # As Spark is told it.
        self.location = location or str(root)
        root.mkdir(parents=True, exist_ok=True)

    # What Sluice does.

    def seed(self, offsets, source: int = 0) -> None:
        """Writes where source number `source` begins.

        `offsets` is {"topic": {"partition": offset}}, or the bytes themselves
        for a case about other bytes.
        """
        data = offsets if isinstance(offsets, bytes) else seed_bytes(offsets)
        self.put(f"sources/{source}/0", data)

    def close_gate(self, text: bytes = GATE) -> None:
        self.put("metadata", text)

    def open_gate(self, query_id: str) -> None:
        self.put("metadata", json.dumps({"id": query_id}, separators=(",", ":")).encode())

    def clear(self, *names: str) -> None:
        """Removes these folders and files; without a name, everything but a closed gate."""
        gate_closed = self.read("metadata") == GATE
        for name in names or [child.name for child in self.root.iterdir()]:
            if name == "metadata" and gate_closed:
                continue
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
                _checksum_of(path).unlink(missing_ok=True)

    # What is seen of it.

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        return path.read_bytes() if path.is_file() else None

    def query_id(self) -> str:
        return json.loads(self.read("metadata"))["id"]

    def names(self) -> list[str]:
        """Every file as S3 would list it."""
        return sorted(
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_file() and not _is_checksum(path)
        )

    def fingerprint(self) -> dict[str, str]:
        """All there is, folders and hidden files too, with time and content."""
        seen = {}
        for path in sorted(self.root.rglob("*")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            seen[str(path.relative_to(self.root))] = f"{digest} {path.stat().st_mtime_ns}"
        return seen

    def put(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Spark's local file system would refuse the new bytes for the old checksum.
        _checksum_of(path).unlink(missing_ok=True)
        path.write_bytes(data)


def _checksum_of(path: Path) -> Path:
    """The hidden file that the local file system keeps beside each; S3 has none."""
    return path.parent / f".{path.name}.crc"


def _is_checksum(path: Path) -> bool:
    # Not the `1.delta.crc` of Spark 4.1, which is a file of the checkpoint.
    return path.name.startswith(".") and path.name.endswith(".crc")


def seed_bytes(offsets: dict) -> bytes:
    return b"\0v1\n" + json.dumps(offsets, separators=(",", ":")).encode()


def new_id() -> str:
    return str(uuid.uuid4())


def escaped(data: bytes | None) -> str | None:
    r"""Bytes as one line of text: `\0v1\n{"t":{"0":1}}`."""
    if data is None:
        return None
    text = data.decode("utf-8", "backslashreplace")
    return text.replace("\\", "\\\\").replace("\0", "\\0").replace("\n", "\\n").replace("\r", "\\r")
