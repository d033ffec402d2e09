"""Filters are what scipy's own functions make of the same curves; those are loaded here alone."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.fft
import scipy.linalg.lapack
import scipy.ndimage
import scipy.signal

import dyvim_cli.filters.compiled as compiled_modules
from dyvim_cli import filters

RNG = np.random.default_rng(7)
NOISE = RNG.standard_normal((2, 2000))
WALK = np.cumsum(RNG.standard_normal(1500))
LOOPS = ("_sosfilt", "_linear_filter", "_local_maxima_1d", "_select_by_peak_distance", "_peak_prominences")
LOOPS += ("r2c", "c2r", "good_size", "dtbtrs")
CHANGED = ["no such module", "another signature", "another result"]
KINDS = [("lowpass", 3500.0), ("lowpass", 60.0), ("highpass", 300.0), ("bandpass", (110.0, 2500.0))]


def _missing(name):
    raise ImportError(name)


def _takes_nothing():
    """A loop of another signature."""


def _returns_silence(*arguments):
    """A loop that computes something else."""
    return [np.zeros(9)] * 3


@pytest.fixture(params=["this release", *CHANGED])
def release(request, monkeypatch):
    """This release of scipy, and others whose compiled modules have changed."""
    monkeypatch.setattr(compiled_modules, "_loaded", {})
    if request.param == CHANGED[0]:
        monkeypatch.setattr(compiled_modules, "_alone", _missing)
    elif request.param in CHANGED:
        loops = SimpleNamespace(
            **dict.fromkeys(LOOPS, _takes_nothing if request.param == CHANGED[1] else _returns_silence)
        )
        monkeypatch.setattr(compiled_modules, "_alone", lambda name: loops)
    yield request.param
    known = request.param == "this release"
    assert all((module is not None) == known for module in compiled_modules._loaded.values())


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("kind", "corners_hz"), KINDS)
def test_butterworth_is_scipys(order, kind, corners_hz):
    ours = filters.butterworth(order, corners_hz, kind, 48_000)
    theirs = scipy.signal.butter(order, corners_hz, kind, fs=48_000, output="sos")
    assert ours.shape == theirs.shape
    heard = [scipy.signal.sosfilt(sections, NOISE) for sections in (ours, theirs)]
    np.testing.assert_allclose(*heard, rtol=1e-9, atol=1e-12)
    if order < 3 or kind == "bandpass":  # others pair their zeros in another way
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("n_taps", [48, 49])
def test_a_windowed_low_pass_is_scipys(n_taps):
    ours, theirs = filters.windowed_low_pass(n_taps, 0.25), scipy.signal.firwin(n_taps, 0.25)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axis"), [((2, 300), -1), ((300, 3), 0), ((2, 300, 3), 1), ((300,), 0)])
def test_sections_filter_as_scipys_do(release, kind, shape, axis):
    sections = scipy.signal.butter(2, (300, 3000), "bandpass", fs=48_000, output="sos").astype(kind)
    signal = RNG.standard_normal(shape).astype(kind)
    before = list(shape)
    before[axis] = 2
    state = RNG.standard_normal((len(sections), *before)).astype(kind)
    kept = [signal.copy(), state.copy()]
    ours = filters.filter_by_sections(sections, signal, state, axis)
    for mine, theirs in zip(ours, scipy.signal.sosfilt(sections, signal, axis, zi=state), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(signal, kept[0])
    np.testing.assert_array_equal(state, kept[1])


def test_a_filter_from_silence_and_one_in_two_halves_are_the_same():
    sections = filters.butterworth(2, 500.0, "lowpass", 48_000)
    whole = filters.filter_from_silence(sections, NOISE)
    first, state = filters.filter_by_sections(sections, NOISE[:, :700], np.zeros((1, 2, 2)))
    second, _ = filters.filter_by_sections(sections, NOISE[:, 700:], state)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_difference_equation_is_scipys_lfilter(release, kind):
    above, below, state = np.array([0.1, 0.2], kind), np.array([1, -0.9], kind), np.ones(1, kind)
    signal = NOISE[0].astype(kind)
    ours, after = filters.filter_recursively(above, below, signal, state)
    theirs, after_theirs = scipy.signal.lfilter(above, below, signal, zi=state)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(after, after_theirs)
    from_silence, _ = filters.filter_recursively(above, below, signal)
    np.testing.assert_array_equal(from_silence, scipy.signal.lfilter(above, below, signal))


@pytest.mark.parametrize(
    "asked",
    [{}, {"height": 0.5}, {"height": 0.5, "distance": 9}, {"prominence": 0.0, "wlen": 21, "distance": 4},
     {"height": 0.0, "prominence": 1.5}],
)  # fmt: skip
@pytest.mark.parametrize("curve", [WALK, np.round(WALK), np.zeros(0), np.ones(9)])
def test_peaks_are_scipys(release, curve, asked):
    names = {"wlen": "reach"}
    peaks, rises = filters.find_peaks(
        curve, **{names.get(name, name): value for name, value in asked.items()}
    )
    theirs, facts = scipy.signal.find_peaks(curve, **asked)
    np.testing.assert_array_equal(peaks, theirs)
    np.testing.assert_array_equal(rises, facts.get("prominences", np.zeros(0)))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 90, 1999])
def test_spectra_are_scipys(release, n, kind):
    sound, size = NOISE[:, :n].astype(kind), scipy.fft.next_fast_len(n + 5, real=True)
    assert filters.fast_length(n + 5) == size
    theirs = scipy.fft.rfft(sound, size)
    np.testing.assert_array_equal(filters.spectrum(sound, size), theirs, strict=True)
    back = filters.from_spectrum(theirs, size)
    np.testing.assert_array_equal(back, scipy.fft.irfft(theirs, size), strict=True)


@pytest.mark.parametrize("n", [1, 2, 3, 1500])
def test_equations_are_solved_as_lapack_does(release, n):
    weights = np.column_stack([np.ones(n), RNG.uniform(-0.5, 0.5, (n, 2))])
    theirs, _ = scipy.linalg.lapack.dtbtrs(weights.T, WALK[:n, None], uplo="L", diag="U")
    np.testing.assert_array_equal(filters.solve_in_turn(weights, WALK[:n]), theirs[:, 0], strict=True)


# filters first, in threads, then the packages that they come from; then the other way round
APART = """
import sys, threading
import numpy as np
import dyvim_cli.filters.compiled as compiled_modules
from dyvim_cli import filters
found = []
find = lambda: found.append(filters.find_peaks(np.eye(1, 9, 4)[0])[0])
threads = [threading.Thread(target=find) for _ in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
assert [peaks.tolist() for peaks in found] == [[4]] * 4
filters.filter_from_silence(filters.butterworth(2, 50.0, "lowpass", 480), np.ones((1, 9)))
filters.filter_recursively([1.0], [1.0, -0.5], np.ones(9))
filters.spectrum(np.ones(9), 9), filters.window_mean(np.ones(9), 3)
filters.solve_in_turn(np.ones((9, 1)), np.ones(9))
packages = "signal", "optimize", "stats", "fft", "ndimage", "linalg"
heavy = [name for name in packages if f"scipy.{name}" in sys.modules]
assert not heavy, heavy
import scipy.fft, scipy.signal
assert scipy.fft.rfft([1.0, 1.0]).tolist() == [2, 0]
assert scipy.signal.find_peaks([0, 1, 0])[0].tolist() == [1]
assert scipy.signal.sosfilt([[1, 0, 0, 1, 0, 0]], [1.0, 2.0]).tolist() == [1, 2]
print("both")
"""


@pytest.mark.parametrize("before", ["", "import scipy.fft, scipy.signal; "])
def test_loops_load_without_their_packages_and_beside_them(before):
    program = APART.replace("assert not heavy, heavy", "" if before else "assert not heavy, heavy")
    done = subprocess.run(
        [sys.executable, "-c", before + program], capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "both\n", done.stderr


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 7, 200, 1500, 9000])
def test_windows_are_scipys_to_the_bit(n, kind):
    curve = np.resize(NOISE, n).astype(kind)
    both = np.stack([curve, curve[::-1]])
    for spread in (0.3, 1.25, 4.0):
        theirs = scipy.ndimage.gaussian_filter1d(curve, spread, mode="nearest")
        np.testing.assert_array_equal(filters.gaussian_mean(curve, spread), theirs, strict=True)
    for width in (1, 2, 3, 30, 41):
        theirs = scipy.ndimage.uniform_filter1d(curve, width, mode="nearest")
        np.testing.assert_array_equal(filters.window_mean(curve, width), theirs, strict=True)
        theirs = scipy.ndimage.uniform_filter1d(both, width, axis=1)
        np.testing.assert_array_equal(filters.window_mean(both, width, "symmetric"), theirs, strict=True)
        least = scipy.ndimage.minimum_filter1d(curve, width, mode="nearest", origin=-(width // 2))
        np.testing.assert_array_equal(filters.following(np.minimum, curve, width), least, strict=True)
        most = scipy.ndimage.maximum_filter1d(curve, width, mode="nearest", origin=-(width // 2))
        np.testing.assert_array_equal(filters.following(np.maximum, curve, width), most, strict=True)


@pytest.mark.parametrize("width", [1, 2, 3, 50, 51])
@pytest.mark.parametrize("n", [1, 60, 1500, 9000])
def test_window_medians_are_scipys(n, width):
    curve = np.resize(NOISE, n)
    theirs = scipy.ndimage.median_filter(curve, width)
    np.testing.assert_array_equal(filters.window_median(curve, width), theirs)
