"""`python -m kwssearch`."""

from kwssearch.cli.commands import main

if __name__ == "__main__":
    main(prog_name="kwssearch")
