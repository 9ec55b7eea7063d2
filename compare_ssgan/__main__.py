"""`python -m compare_ssgan` is the command `compare_ssgan`."""

from compare_ssgan.cli import main

if __name__ == "__main__":
    main()
