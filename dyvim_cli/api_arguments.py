"""Check and convert the arguments of the public Python functions."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from dyvim_cli import device as devices
from dyvim_cli.errors import UsageError, one_of
from dyvim_cli.options import LOUDNESS, ComposeOptions, Delivery

DEVICE_VARIABLE = "DYVIM_DEVICE"
MUX_ALONE = ("metadata", "progress", "own")  # arguments of mux that are no fields of Delivery
T = TypeVar("T")


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
