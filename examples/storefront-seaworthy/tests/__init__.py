"""Tests of the shop. Run them with `python3 -m unittest`."""
