"""Lets `python -m app` be the command `hotline`."""

from app.cli import main

main()
