"""Check and convert the arguments of the public Python functions."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from dyvim_cli import device as devices
from dyvim_cli.errors import DyvimError, UsageError, one_of
from dyvim_cli.options import LOUDNESS, ComposeOptions, Delivery

DEVICE_VARIABLE = "DYVIM_DEVICE"
MUX_ALONE = ("metadata", "progress", "own")  # arguments of mux that are no fields of Delivery
OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)\b ?")  # an option of the command line in a hint
VERB_HELP = re.compile(r"`dyvim (score|mux|evaluate) --help`")
T = TypeVar("T")
P = ParamSpec("P")


def with_python_hints(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function's errors hint at its keyword arguments instead of the command line's options.

    Args:
        function: of the public API.

    Returns:
        The function, whose errors have the hints of `python_hint`.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except DyvimError as error:
            error.hint = python_hint(error.hint)
            raise

    return call


def python_hint(hint: str) -> str:
    """Translate a hint for the command line into one for Python.

    Args:
        hint: such as "add --overwrite, or name another file with -o".

    Returns:
        Such as "add overwrite=True, or name another file".
    """
    names = [field.name for kind in (ComposeOptions, Delivery) for field in fields(kind)]

    def argument(found: re.Match[str]) -> str:
        name = found[1].replace("-", "_")
        if name == "overwrite":
            return f"overwrite=True{found[0][len('--overwrite') :]}"
        known = name if name == "device" else next((each for each in names if each.startswith(name)), None)
        return f"{known}=" if known else found[0]

    hint = VERB_HELP.sub(r"help(dyvim.\1)", hint)
    return OPTION.sub(argument, re.sub(r" with -o\b|(?<!\S)-o ", "", hint))


def check_span(start_s: object, end_s: object, duration_s: float) -> None:
    """Check the part of a film that is to be watched.

    Args:
        start_s: seconds; None = the beginning.
        end_s: seconds; None = the end.
        duration_s: of the film.

    Raises:
        UsageError: one is no number of seconds, or nothing lies between them.
    """
    start = 0.0 if start_s is None or start_s == 0 else positive_seconds(start_s, "start_s")
    end = duration_s if end_s is None else positive_seconds(end_s, "end_s")
    if start >= min(end, duration_s):
        hint = f"the film lasts {duration_s:.2f} s"
        raise UsageError(f"nothing lies between start_s={start:g} and end_s={end:g}", hint)


def path_of(value: object, name: str = "film") -> Path:
    """Convert a path.

    Args:
        value: str or os.PathLike of str.
        name: of the argument.

    Returns:
        The path.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise UsageError(f"{name} = {value!r} is not a path", f'for example {name}="clip.mp4"')
    return Path(value)


def instance_of(value: object, kind: type[T], name: str, source: str) -> T:
    """Check the class of an argument.

    Args:
        value: the argument.
        kind: what it must be.
        name: of the argument.
        source: the call that makes one, for the hint.

    Returns:
        The argument.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, kind):
        raise UsageError(f"{name} is a {type(value).__name__}, not a {kind.__name__}", source)
    return value


def positive_seconds(value: object, name: str) -> float:
    """Check a duration.

    Args:
        value: seconds.
        name: of the argument.

    Returns:
        The duration.

    Raises:
        UsageError: it is no number above 0.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__") or not 0 < float(value) < float("inf"):
        raise UsageError(
            f"{name} = {value!r} is not a positive number of seconds", f"for example {name}=30.0"
        )
    return float(value)


def check_progress(progress: object) -> None:
    """Check a progress callback.

    Args:
        progress: None, or an object with `update(stage, done, total)`.

    Raises:
        UsageError: it has no such method.
    """
    if progress is not None and not callable(getattr(progress, "update", None)):
        hint = "pass an object with a method update(stage, done, total)"
        raise UsageError(f"progress = {progress!r} has no method update", hint)


def split_options(options: Mapping[str, Any]) -> tuple[ComposeOptions, Delivery]:
    """Sort keyword arguments into options of composing and of delivery.

    Args:
        options: fields of both by name; key and loudness may be text, paths may be str.

    Returns:
        Both.

    Raises:
        UsageError: a name is unknown, or a value is out of its range.
    """
    composing, delivering = (tuple(f.name for f in fields(kind)) for kind in (ComposeOptions, Delivery))
    known = _known(options, (*composing, *delivering))
    return (
        ComposeOptions(**{name: value for name, value in known.items() if name in composing}),
        Delivery(**{name: value for name, value in known.items() if name in delivering}),
    )


def compose_options(options: Mapping[str, Any]) -> ComposeOptions:
    """Make the options of composing from keyword arguments.

    Args:
        options: fields by name; the key may be text.

    Returns:
        The options.

    Raises:
        UsageError: a name is unknown, or a value is out of its range.
    """
    return ComposeOptions(**_known(options, tuple(field.name for field in fields(ComposeOptions))))


def mux_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check keyword arguments of media.mux.mux.

    Args:
        options: by name; loudness may be text.

    Returns:
        The same, with their values converted.

    Raises:
        UsageError: a name is unknown, or a value is out of its range.
    """
    mixing = tuple(Delivery().mix_options())
    known = _known(options, (*mixing, *MUX_ALONE))
    check_progress(known.get("progress"))
    Delivery(**{name: value for name, value in known.items() if name in mixing})
    return known


def _known(options: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The options with their values converted. Raises UsageError for a name that is not among `names`."""
    for name in options:
        if name not in names:
            raise UsageError(f"unknown option {name!r}", one_of(name, names))
    return {name: _converted(name, value) for name, value in options.items()}


def _converted(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "markers":
        return path_of(value, name)
    if name == "soundfont":
        return str(path_of(value, name))
    if name == "key" and isinstance(value, str):
        from dyvim_cli.music.symbols.key_names import key_named

        return key_named(value) or value
    if name == "loudness" and isinstance(value, str):
        if value not in LOUDNESS:
            raise UsageError(f"unknown loudness {value!r}", one_of(value, tuple(LOUDNESS)))
        return LOUDNESS[value]
    return value


@contextmanager
def on_device(name: str | None) -> Iterator[None]:
    """Compute on a device within a block.

    Args:
        name: auto, cpu, cuda, cuda:N or mps; None = as the environment says.

    Yields:
        Nothing; afterwards the environment is as before.

    Raises:
        UsageError: the name is unknown.
        EnvironmentFault: the device is not there.
    """
    if name is None:
        yield
        return
    devices.check(name)
    before = os.environ.get(DEVICE_VARIABLE)
    os.environ[DEVICE_VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[DEVICE_VARIABLE]
        else:
            os.environ[DEVICE_VARIABLE] = before
