"""One row of the table."""

from collections import namedtuple


class Scenario(namedtuple("Scenario", "function seconds long arguments")):
    def run(self, lab):
        self.function(lab, **self.arguments)
