"""Filter sound and find peaks with scipy.signal's compiled loops, without loading the package around them."""

from dyvim_cli.filters.block_filter import BlockFilter
from dyvim_cli.filters.design import butterworth, windowed_low_pass
from dyvim_cli.filters.peaks import find_peaks
from dyvim_cli.filters.recursive import filter_by_sections, filter_from_silence, filter_recursively

__all__ = [
    "BlockFilter",
    "butterworth",
    "filter_by_sections",
    "filter_from_silence",
    "filter_recursively",
    "find_peaks",
    "windowed_low_pass",
]
