"""`python -m ingest.parsing FILE...`: each file's mail as one line of JSON."""

from __future__ import annotations

import sys
from pathlib import Path

from ingest.parsing.presentation import parse_files


def main() -> None:
    """Parse the files named on the command line, in order."""
    for line in parse_files(Path(name) for name in sys.argv[1:]):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
