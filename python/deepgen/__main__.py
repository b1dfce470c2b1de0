"""``python -m deepgen``, where the script ``deepgen`` is not installed."""

import sys

from deepgen.cli import main

if __name__ == "__main__":
    sys.exit(main())
