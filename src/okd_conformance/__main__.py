"""``python -m okd_conformance`` is the command."""

from okd_conformance.cli.main import main

if __name__ == "__main__":
    main()
