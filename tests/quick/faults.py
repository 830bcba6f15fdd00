"""Ours, hurt on purpose."""


class Skip(Exception):
    """This cannot be tried here; the text says why."""


SCENARIOS = {}
