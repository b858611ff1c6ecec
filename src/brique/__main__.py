"""The command `brique`, also as `python -m brique`."""

import sys


def main() -> int:
    """Run the command line and return its exit code; `--version` answers without anything else."""
    if sys.argv[1:] == ["--version"]:
        from brique import __version__, console

        return console.run_command(lambda: console.echo(__version__) or 0, only_prints=True)
    from brique import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
