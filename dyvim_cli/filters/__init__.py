"""Filter sound, find peaks and look at windows as scipy does, without loading the packages that takes."""

from dyvim_cli.filters.block_filter import BlockFilter
from dyvim_cli.filters.curves import gains_of, straight_lines
from dyvim_cli.filters.design import butterworth, windowed_low_pass
from dyvim_cli.filters.peaks import find_peaks
from dyvim_cli.filters.recursive import filter_by_sections, filter_from_silence, filter_recursively
from dyvim_cli.filters.spectra import fast_length, from_spectrum, spectrum
from dyvim_cli.filters.varying import solve_in_turn
from dyvim_cli.filters.windows import following, gaussian_mean, window_mean, window_median

__all__ = [
    "BlockFilter",
    "butterworth",
    "fast_length",
    "filter_by_sections",
    "filter_from_silence",
    "filter_recursively",
    "find_peaks",
    "following",
    "from_spectrum",
    "gains_of",
    "gaussian_mean",
    "solve_in_turn",
    "spectrum",
    "straight_lines",
    "window_mean",
    "window_median",
    "windowed_low_pass",
]
