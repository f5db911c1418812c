"""The command line: `countersign …`, the same as `python -m bot …`."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="countersign")
def main() -> None:
    """Put a second person between an employee and an account."""


if __name__ == "__main__":
    main()
