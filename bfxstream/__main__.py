"""`python -m bfxstream` is the `bfxstream` command."""

from bfxstream.cli import main

if __name__ == "__main__":
    main()
