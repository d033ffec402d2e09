"""Groups of options that several verbs share.

A group is a dataclass whose fields are options (arguments.py). `takes_groups` shows Typer a verb's flat
list of options and hands the verb its groups.
"""

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.arguments import KeepAudio
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.options.parsing import parse_key, parse_loudness, parse_mood, parse_span, parse_style
from dyvim_cli.cli.show.console import ProgressKind
from dyvim_cli.endings import PAGE, check_ending

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions, Delivery

Group = TypeVar("Group")


@dataclass
class Composing:
    """Options of the music."""

    alpha: opt.Alpha = 0.5
    style: opt.Style = None
    mood: opt.Mood = None
    tempo: opt.Tempo = None
    key: opt.KeyName = None
    seed: opt.Seed = None
    candidates: opt.Candidates = 3
    guidance: opt.Guidance = None
    model: opt.Model = "embedded"
    adapter: opt.Adapter = None
    prompt: opt.Prompt = None
    under_speech: opt.UnderSpeech = None
    soundfont: opt.SoundFont = None
    loop: out.Loop = False

    def options(self) -> "ComposeOptions":
        """Make the composer's options; a seed is drawn where none was given.

        Returns:
            The options.

        Raises:
            UsageError: a value makes no sense.
        """
        from dyvim_cli.device import new_seed
        from dyvim_cli.options import ComposeOptions

        return ComposeOptions(
            alpha=self.alpha,
            style=parse_style(self.style),
            mood=parse_mood(self.mood),
            tempo_bpm=self.tempo,
            key=parse_key(self.key),
            seed=new_seed() if self.seed is None else self.seed,
            candidates=self.candidates,
            guidance=self.guidance,
            model=_model(self.model),
            adapter=None if self.adapter is None else str(Path(self.adapter).absolute()),
            prompt=self.prompt,
            under_speech=self.under_speech,
            loops=self.loop,
            soundfont=None if self.soundfont is None else soundfont_path(Path(self.soundfont)),
        )


def soundfont_path(given: Path) -> str:
    """Find the chosen soundfont.

    Args:
        given: a path, or the name of a pulled pack.

    Returns:
        Its absolute path.

    Raises:
        WeightsError: the pack is not here.
    """
    from dyvim_cli.hub.packs import soundfont_meant

    return str(soundfont_meant(given).absolute())


def _model(named: str) -> str:
    """A model's name unchanged, or the absolute path of a folder or file; of a training run its decoder's."""
    from dyvim_cli.hub.catalogue import CATALOGUE
    from dyvim_cli.options import EMBEDDED

    place = Path(named).absolute()
    if named in (EMBEDDED, *CATALOGUE) or not place.exists():
        return named
    decoder = place / "decoder.safetensors"
    return str(decoder if decoder.is_file() else place)


@dataclass
class ComposingMany(Composing):
    """Options of the music of many films."""

    seed: opt.BaseSeed = 0


@dataclass
class Mixing:
    """Options of mixing music and film."""

    keep_audio: opt.Keep = KeepAudio.AUTO
    duck_db: opt.DuckDb = None
    own_gain_db: opt.OwnGain = 0.0
    music_gain_db: opt.MusicGain = 0.0
    loudness: opt.ProgrammeLoudness = None
    over_own_music: opt.OverOwnMusic = False
    fade_in: opt.FadeIn = 0.0
    fade_out: opt.FadeOut = None
    start: opt.Start = None
    end: opt.End = None

    def delivery(self, **where: Any) -> "Delivery":
        """Make the pipeline's options of the output.

        Args:
            **where: output, midi, stems, music and overwrite.

        Returns:
            The options.

        Raises:
            UsageError: the loudness is no standard's and no number.
        """
        from dyvim_cli.options import Delivery

        return Delivery(
            keep_audio=KeepAudio(self.keep_audio).value,
            duck_db=self.duck_db,
            own_gain_db=self.own_gain_db,
            music_gain_db=self.music_gain_db,
            loudness=parse_loudness(self.loudness),
            over_own_music=self.over_own_music,
            fade_in_s=self.fade_in,
            fade_out_s=self.fade_out,
            start_s=self.start,
            end_s=self.end,
            **where,
        )


@dataclass
class Extras:
    """Options of a score's further files."""

    midi: out.Midi = None
    stems: out.Stems = None
    stem_groups: out.StemGroups = False


@dataclass
class Products(Extras):
    """Options of one scored film's further files."""

    music: out.Music = None
    markers_out: out.MarkersOut = None
    preview: out.Preview = None
    report: out.Report = None

    def delivery(self, mixing: Mixing, output: str | None, overwrite: bool) -> "Delivery":
        """Make the pipeline's options of the output of one film.

        Args:
            mixing: how music and film come together.
            output: file, folder or template; None = beside the film.
            overwrite: whether what is there may be replaced.

        Returns:
            The options.

        Raises:
            UsageError: a value that nothing can be made with.
        """
        written = {name: getattr(self, name) for name in (*names(Extras), "music", "markers_out")}
        return mixing.delivery(
            output=output, overwrite=overwrite, preview_s=parse_span(self.preview), **written
        )

    def check_report(self, *inputs: Path) -> None:
        """Check before the work that the page can be written.

        Args:
            *inputs: files that it must not replace.

        Raises:
            OutputError: it cannot be written, or would replace one of them.
            UsageError: it is not called as a page is.
        """
        from dyvim_cli.media.output import check_output

        if self.report is not None:
            check_output(self.report, inputs=inputs, overwrite=True)
            check_ending(self.report, PAGE, "page")


@dataclass
class Running:
    """Options of the run and of its output on the terminal."""

    overwrite: opt.Overwrite = False
    as_json: opt.Json = False
    no_cache: opt.NoCache = False
    weights_dir: opt.WeightsDir = None
    offline: opt.Offline = False
    device: opt.Device = "auto"
    max_pixels: MaxPixels = None
    max_duration: MaxDuration = None
    progress: opt.Progress = ProgressKind.AUTO

    def place(self) -> None:
        """Set the models' folder and device in the environment, for this process and its workers.

        Raises UsageError for a device that is not known.
        """
        from dyvim_cli.device import check_name

        check_name(self.device)
        folder = str(self.weights_dir.absolute()) if self.weights_dir else ""
        os.environ.update(
            DYVIM_WEIGHTS_DIR=folder, DYVIM_DEVICE=self.device, DYVIM_OFFLINE="1" if self.offline else ""
        )


def names(group: type) -> tuple[str, ...]:
    """List a group's options.

    Args:
        group: a dataclass of this module.

    Returns:
        Names of its fields.
    """
    return tuple(field.name for field in fields(group))


def group_of(group: Callable[..., Group], values: Mapping[str, Any]) -> Group:
    """Make a group from option values, those of other groups among them.

    Args:
        group: a dataclass of this module.
        values: by option's name.

    Returns:
        An object of that group.
    """
    return group(**{name: values[name] for name in names(cast(type, group))})


def takes_groups(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Show a verb to Typer: each parameter that is a group is replaced by the group's options.

    Args:
        verb: a function whose parameters may be groups.

    Returns:
        A function with a flat list of options.
    """
    parameters = inspect.signature(verb).parameters.values()
    groups: dict[str, type] = {
        p.name: p.annotation
        for p in parameters
        if isinstance(p.annotation, type) and is_dataclass(p.annotation)
    }
    grouped = {name for group in groups.values() for name in names(group)}

    @wraps(verb)
    def flat(**values: Any) -> Any:
        others = {name: value for name, value in values.items() if name not in grouped}
        return verb(**others, **{name: group_of(group, values) for name, group in groups.items()})

    shown = [option for p in parameters for option in _options(p)]
    flat.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # inspect looks for it
    flat.__annotations__ = {option.name: option.annotation for option in shown}
    return flat


def _options(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """A parameter itself, or the fields of a group."""
    kind = inspect.Parameter.KEYWORD_ONLY
    if not is_dataclass(parameter.annotation):
        return [parameter.replace(kind=kind)]
    return [
        inspect.Parameter(field.name, kind, default=field.default, annotation=field.type)
        for field in fields(parameter.annotation)
    ]
