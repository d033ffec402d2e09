"""Deal the round robins of an SFZ instrument out to takes: seq_length in turn, lorand and hirand too."""

import math

from dyvim_cli.music.synth.sfz.regions import Region

MOST_TAKES = 48  # takes of an instrument; more would come round once in many bars
OWN_VARIATIONS = 3  # takes that are made of what has one recording: their number divides that of all


class Takes:
    """The takes of an instrument and what sounds in each."""

    def __init__(self, regions: list[Region]):
        """Count the takes.

        Args:
            regions: of the instrument.
        """
        lengths = {_length(region) for region in regions}
        edges = {0.0, 1.0}
        for region in regions:
            edges |= {min(max(region.get(name), 0.0), 1.0) for name in ("lorand", "hirand")}
        inner = sorted(edges)[:MOST_TAKES]
        self._draws = [(low + high) / 2 for low, high in zip(inner, inner[1:], strict=False)]
        turns = math.lcm(*lengths) if lengths else 1
        self._turns = turns if turns <= MOST_TAKES else max(lengths)
        n = self._turns * len(self._draws)
        is_varied = n > 1
        n = min(n, MOST_TAKES) if is_varied else 1
        self.count = math.lcm(n, OWN_VARIATIONS) if is_varied else 1

    def sounds(self, region: Region, take: int) -> bool:
        """Check whether a region sounds in a take.

        Args:
            region: of the instrument.
            take: 0 .. count - 1.

        Returns:
            True where its turn has come.
        """
        draw = self._draws[take // self._turns % len(self._draws)]
        is_in_turn = take % _length(region) == int(region.get("seq_position")) - 1
        return is_in_turn and region.get("lorand") <= draw < region.get("hirand")


def _length(region: Region) -> int:
    return int(min(max(region.get("seq_length"), 1), 100))
