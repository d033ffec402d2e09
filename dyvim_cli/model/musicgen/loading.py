"""Load a MusicGen by name or folder: backbone, codec, tokenizer, adapter."""

import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli import device
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.hub import store
from dyvim_cli.hub.catalogue import CATALOGUE, licence_note
from dyvim_cli.progress import Progress

if TYPE_CHECKING:
    from types import ModuleType

    import torch

    from dyvim_cli.model.musicgen.backbone import Memory, MusicGen
    from dyvim_cli.model.musicgen.codec import Codec

DEBUG, ADAPTER = "debug", "adapter.safetensors"
TOKENIZERS = ("tokenizer.json", "spiece.model")  # one of them holds the words
KINDS = {
    "musicgen": "MusicgenForConditionalGeneration",
    "musicgen_melody": "MusicgenMelodyForConditionalGeneration",
}
CHECKPOINT_HINT = "name a folder that save_pretrained wrote, with its tokenizer"
DEBUG_NOTE = "the debug model is random: what it makes is noise, only good to try the command line"
PLAIN_NOTE = (
    "MusicGen without an adapter does not see the motion: the best take was chosen, "
    "and moved and stretched a little so that its beats meet the film"
)


@dataclass(frozen=True)
class AudioModel:
    """A loaded MusicGen: backbone, codec, tokenizer and adapter."""

    name: str
    musicgen: "MusicGen"
    codec: "Codec"
    tokenizer: object | None  # None: the checkpoint has none, so no text prompt is possible
    notes: tuple[str, ...] = ()  # notes for the user

    @property
    def follows_motion(self) -> bool:
        """True if a trained adapter is there."""
        from dyvim_cli.model.musicgen.adapter import is_trained

        return self.musicgen.adapter is not None and is_trained(self.musicgen.adapter)

    def check_hears_words(self) -> None:
        """Raise WeightsError unless there is a tokenizer."""
        if self.tokenizer is None:
            raise WeightsError(
                f"{self.name}: no tokenizer is in it ({' or '.join(TOKENIZERS)})",
                'put the tokenizer beside the weights, or --prompt "" for music without words',
            )

    def memory(self, prompt: str) -> "Memory":
        """Encode a prompt for the decoder.

        Args:
            prompt: English words; an empty one gives music without words.

        Returns:
            Input of the cross-attention.

        Raises:
            WeightsError: the checkpoint has no tokenizer.
        """
        if not prompt:
            return self.musicgen.memory(None)
        self.check_hears_words()
        tokenizer: Any = self.tokenizer  # there is one, or the check had raised
        words = tokenizer(prompt, return_tensors="pt").to(self.musicgen.weight.device)
        return self.musicgen.memory(words["input_ids"], words["attention_mask"])


def load_audio_model(
    name: str,
    adapter: Path | None = None,
    *,
    weights_dir: Path | None = None,
    offline: bool = False,
    device_name: str = "auto",
    progress: Progress | None = None,
    is_single: bool = False,
) -> AudioModel:
    """Load a MusicGen with its codec, tokenizer and, perhaps, an adapter.

    Args:
        name: debug, a name of the catalogue (pulled if it is not here, unless offline), or a folder.
        adapter: folder or file of a tuned adapter.
        weights_dir: where pulled weights are; None = the default folder.
        offline: never pull.
        device_name: auto, cpu, cuda or mps.
        progress: notified of the stage "pull".
        is_single: in single precision on any device, to learn with.

    Returns:
        The model, ready to play.

    Raises:
        UsageError: there is no model of that name.
        WeightsError: weights are missing or damaged; the hint is the command that fixes it.
    """
    from dyvim_cli.model.musicgen.scratch import codec_of_checkpoint, published_codec

    if name == DEBUG:
        model = _debug_model(device_name, is_single)
    else:
        folder = find_backbone(name, weights_dir, offline, progress)
        try:
            model = open_checkpoint(folder, name, device_name, is_single)
            if codec_name := codec_of_checkpoint(folder):
                codec = published_codec(codec_name, weights_dir, offline, progress)
                model = replace(model, codec=codec.to(model.musicgen.weight.device))
        except WeightsError as error:
            hint = store.how_to_pull(name, weights_dir) if name in CATALOGUE else error.hint
            raise WeightsError(error.message, hint) from error
    if adapter is not None:
        from dyvim_cli.model.musicgen.adapter import load_adapter

        load_adapter(model.musicgen, adapter)
    return replace(model, notes=_notes(model))


def _debug_model(device_name: str, is_single: bool) -> AudioModel:
    import transformers

    from dyvim_cli.model.musicgen.debug import write_debug_checkpoint

    hush(transformers)
    with tempfile.TemporaryDirectory(prefix="dyvim-debug-") as folder:
        return open_checkpoint(write_debug_checkpoint(Path(folder)), DEBUG, device_name, is_single)


def _notes(model: AudioModel) -> tuple[str, ...]:
    """Notes for the user of a model: its kind, licence and limits."""
    own = DEBUG_NOTE if model.name == DEBUG else ""
    licence = licence_note(CATALOGUE[model.name]) if model.name in CATALOGUE else ""
    plain = "" if model.follows_motion else PLAIN_NOTE
    return tuple(note for note in (own, licence, plain) if note)


def placement() -> dict[str, Any]:
    """Weights' folder (DYVIM_WEIGHTS_DIR), downloads (DYVIM_OFFLINE) and device (DYVIM_DEVICE).

    The command line's flags set these, so that worker processes know them too.

    Returns:
        Keyword arguments of load_audio_model: `weights_dir`, `offline` and `device_name`.
    """
    folder = os.environ.get("DYVIM_WEIGHTS_DIR")
    return {
        "weights_dir": Path(folder) if folder else None,
        "offline": os.environ.get("DYVIM_OFFLINE", "").lower() in ("1", "true", "yes", "on"),
        "device_name": os.environ.get("DYVIM_DEVICE") or "auto",
    }


def find_backbone(
    name: str, weights_dir: Path | None = None, offline: bool = False, progress: Progress | None = None
) -> Path:
    """Find the folder of a backbone.

    Args:
        name: of the catalogue, or a folder.
        weights_dir: where pulled weights are; None = the default folder.
        offline: never pull.
        progress: notified of the download.

    Returns:
        The folder.

    Raises:
        UsageError: there is no model of that name.
        WeightsError: it is not here and cannot be pulled.
    """
    if Path(name).is_dir():
        return Path(name)
    if not name.startswith("musicgen-") or name not in CATALOGUE:
        names = ", ".join(n for n in CATALOGUE if n.startswith("musicgen-"))
        raise UsageError(f"no model is called '{name}'", f"embedded, {DEBUG}, a folder, or one of: {names}")
    try:
        return store.find(name, weights_dir)
    except WeightsError:
        if offline:
            raise
    return store.pull(name, weights_dir, progress)


def adapter_file(place: Path) -> Path:
    """Find the adapter's weights.

    Args:
        place: their file, or the folder that they are in.

    Returns:
        Path of the file, which need not exist.
    """
    return place / ADAPTER if place.is_dir() else place


def open_checkpoint(
    folder: Path, name: str, device_name: str = "auto", is_single: bool = False
) -> AudioModel:
    """Open a checkpoint in transformers' format, from its folder alone.

    Args:
        folder: with config, weights and, perhaps, a tokenizer.
        name: how messages call it.
        device_name: auto, cpu, cuda or mps.
        is_single: in single precision on any device, to learn with.

    Returns:
        The model without an adapter.

    Raises:
        WeightsError: no MusicGen can be read from the folder.
    """
    import torch
    import transformers

    from dyvim_cli.model.musicgen.backbone import MusicGen
    from dyvim_cli.model.musicgen.codec import EncodecCodec

    where = device.choose(device_name)
    precision = torch.float32 if is_single else _precision(where)
    hush(transformers)
    try:
        backbone = _backbone(folder, precision)
        tokenizer = None
        if any((folder / file).is_file() for file in TOKENIZERS):  # else transformers would make an empty one
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except WeightsError:
        raise
    except Exception as error:  # transformers, safetensors and json each have their own kinds
        message = f"{folder}: no MusicGen can be read from it ({_first_line(error)})"
        raise WeightsError(message, CHECKPOINT_HINT) from error
    backbone = backbone.eval().requires_grad_(False).to(where)
    config = backbone.config.decoder
    codec = EncodecCodec(backbone.audio_encoder, config.num_codebooks, config.audio_channels == 2)
    return AudioModel(name, MusicGen(backbone), codec, tokenizer)


def _backbone(folder: Path, precision: "torch.dtype") -> Any:  # of two classes without a common base
    """Load a checkpoint as transformers' model. Raises WeightsError for another model or missing weights."""
    import torch
    import transformers

    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if kind not in KINDS:
        raise WeightsError(f"{folder}: a model of type '{kind}', not a MusicGen", CHECKPOINT_HINT)
    from_here: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    backbone, info = getattr(transformers, KINDS[kind]).from_pretrained(
        folder, **from_here, output_loading_info=True, dtype=precision
    )
    missing = [n for n in info["missing_keys"] if "embed_positions" not in n]
    if missing:  # transformers would continue with random weights in their place
        message = f"{folder}: {len(missing)} weights are missing, the first is {missing[0]}"
        raise WeightsError(message, CHECKPOINT_HINT)
    if precision is not torch.float32:  # a codec in half precision crackles; once rounded, it hisses
        backbone.audio_encoder = transformers.EncodecModel.from_pretrained(
            folder,
            **from_here,
            config=backbone.config.audio_encoder,
            key_mapping={r"^audio_encoder\.": ""},
            dtype=torch.float32,
        )
    return backbone


def hush(transformers: "ModuleType") -> None:
    """Silence bars and warnings of transformers: what matters is checked here, and said as an error.

    Args:
        transformers: the imported module.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _precision(where: "torch.device") -> "torch.dtype":
    """Choose half precision on GPUs (bfloat16 where possible), single on CPUs, where half is slower."""
    import torch

    if where.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if where.type == "mps" else torch.float32


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
