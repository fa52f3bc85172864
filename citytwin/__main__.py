"""`python -m citytwin` is the `citytwin` command."""

from citytwin.cli import main

if __name__ == "__main__":
    main()
