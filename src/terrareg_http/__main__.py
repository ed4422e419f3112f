"""Lets `python -m terrareg_http` be the `terrareg` command."""

import sys

from terrareg_http.cli import main

if __name__ == "__main__":
    sys.exit(main())
