"""Filter curves and sound with scipy's compiled loops, without loading the packages around them."""

from dyvim_cli.filters.design import butterworth, windowed_low_pass
from dyvim_cli.filters.fourier import fast_length, signals_of, spectra_of
from dyvim_cli.filters.peaks import find_peaks
from dyvim_cli.filters.recursive import filter_by_sections, filter_from_silence, filter_recursively
from dyvim_cli.filters.sliding import (
    NEAREST,
    REFLECT,
    ZERO,
    convolve_along,
    gaussian_mean,
    sliding_maximum,
    sliding_mean,
    sliding_median,
    sliding_minimum,
)
from dyvim_cli.filters.triangular import solve_unit_triangular

__all__ = [
    "NEAREST",
    "REFLECT",
    "ZERO",
    "butterworth",
    "convolve_along",
    "fast_length",
    "filter_by_sections",
    "filter_from_silence",
    "filter_recursively",
    "find_peaks",
    "gaussian_mean",
    "signals_of",
    "sliding_maximum",
    "sliding_mean",
    "sliding_median",
    "sliding_minimum",
    "solve_unit_triangular",
    "spectra_of",
    "windowed_low_pass",
]
