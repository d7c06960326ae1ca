"""``python -m okd_conformance`` is the command, and so is the script ``okd-conformance``."""

from okd_conformance.cli.main import main
from okd_conformance.cli.streams import make_sure_of_streams


def command() -> None:
    """Run the command, with standard streams that never end it."""
    make_sure_of_streams()
    main()


if __name__ == "__main__":
    command()
