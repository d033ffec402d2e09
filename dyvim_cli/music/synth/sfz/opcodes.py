"""Know SFZ's opcodes: other names of the same, those that are honoured, those that ask for nothing."""

import re

ALIASES = {
    "loopmode": "loop_mode", "loopstart": "loop_start", "loopend": "loop_end", "offby": "off_by",
    "offmode": "off_mode", "polyphony_group": "group", "pitch": "tune", "gain": "volume",
    "filtype": "fil_type", "cutoff1": "cutoff", "resonance1": "resonance", "fil1_type": "fil_type",
    "ampeg_delaytime": "ampeg_delay", "pitcheg_vel2depth": "pitcheg_vel2depth",
}  # fmt: skip
ENVELOPE = ("delay", "attack", "hold", "decay", "sustain", "release")
EGS = ("ampeg", "fileg", "pitcheg")
SCOPES = ("", "group_", "master_", "global_")  # prefixes of volume, amplitude and tune: whom they are said of
# opcodes that are numbers, by what they are when they are not said
NUMBERS: dict[str, float] = {
    "lovel": 0, "hivel": 127, "lorand": 0, "hirand": 1, "seq_length": 1, "seq_position": 1,
    "volume": 0, "group_volume": 0, "master_volume": 0, "global_volume": 0,
    "amplitude": 100, "group_amplitude": 100, "master_amplitude": 100, "global_amplitude": 100,
    "pan": 0, "width": 100, "position": 0, "amp_veltrack": 100, "amp_keytrack": 0,
    "tune": 0, "group_tune": 0, "master_tune": 0, "global_tune": 0, "transpose": 0, "pitch_keytrack": 100,
    "pitch_veltrack": 0, "offset": 0, "group": 0, "off_by": 0,
    "cutoff": 0, "resonance": 0, "fil_veltrack": 0, "fil_keytrack": 0,
    "fileg_depth": 0, "fileg_vel2depth": 0, "pitcheg_depth": 0, "pitcheg_vel2depth": 0,
    "pitchlfo_depth": 0, "pitchlfo_freq": 0, "pitchlfo_delay": 0,
    "amplfo_depth": 0, "amplfo_freq": 0, "amplfo_delay": 0,
    "fillfo_depth": 0, "fillfo_freq": 0, "fillfo_delay": 0,
    "xfin_lovel": 0, "xfin_hivel": 0, "xfout_lovel": 127, "xfout_hivel": 127,
}  # fmt: skip
NUMBERS |= {f"{eg}_{stage}": 0.0 for eg in EGS for stage in ENVELOPE}
NUMBERS |= {f"{eg}_vel2{stage}": 0.0 for eg in EGS for stage in ENVELOPE}
NUMBERS |= {f"{eg}_sustain": 100.0 for eg in EGS} | {"ampeg_release": 0.001}
KEYS: dict[str, float] = {
    "lokey": 0, "hikey": 127, "pitch_keycenter": 60, "amp_keycenter": 60, "fil_keycenter": 60,
    "xfin_lokey": 0, "xfin_hikey": 0, "xfout_lokey": 127, "xfout_hikey": 127,
}  # fmt: skip
READ_ELSEWHERE = frozenset({
    "sample", "default_path", "trigger", "loop_mode", "loop_start", "loop_end", "end", "fil_type", "off_mode",
    "sw_last", "sw_lolast", "sw_hilast", "sw_default", "sw_down", "sw_up", "sw_previous", "note_offset",
    "octave_offset", "xf_velcurve", "xf_keycurve", "xf_cccurve", "lochan", "hichan", "lobend", "hibend",
    "lochanaft", "hichanaft", "lopolyaft", "hipolyaft",
})  # fmt: skip
# nothing is lost where these are not followed: names, pictures, hints, wheels and pedals that nobody moves
HARMLESS = re.compile(
    r"(?:region|group|master|global|sw|output|sw_note_off)_label|label_\w+|image\w*|hint_\w+|sw_(?:lokey|hikey)"
    r"|bend_?(?:up|down|step|smooth|stepup|stepdown)|bendup|benddown|ampeg_dynamic|volume_label|rt_\w+"
    r"|sustain_sw|sostenuto_sw|sustain_cc|sostenuto_cc|sustain_lo|note_selfmask|sw_vel|vendor_\w+|sample_quality"
    r"|\w+_(?:smooth|step|curve)cc\d+|sw_note_offset|sw_octave_offset|curve_index|v\d{3}|oscillator_quality"
)  # fmt: skip
CONTROLLED = re.compile(r"(?P<base>[a-z]\w*?)_?(?:on)?cc(?P<cc>\d{1,3})$")
CONDITION = re.compile(
    r"(?P<kind>lo|hi|xfin_lo|xfin_hi|xfout_lo|xfout_hi|set_|set_hd)(?:hd)?cc(?P<cc>\d{1,3})$"
)
STRENGTH_POINT = re.compile(r"amp_velcurve_(\d{1,3})$")


def usual_name(name: str) -> str:
    """Find the name under which an opcode is kept.

    Args:
        name: as it is written.

    Returns:
        In lower case; of several names for the same always one.
    """
    name = name.lower()
    controlled = None if CONDITION.match(name) else CONTROLLED.match(name)
    if controlled is None or controlled["base"].endswith(("curve", "smooth", "step", "label")):
        return ALIASES.get(name, name)
    base = ALIASES.get(controlled["base"], controlled["base"])
    return f"{base}_oncc{int(controlled['cc'])}"


def is_followed(name: str) -> bool:
    """Check whether an opcode is honoured, or asks for nothing.

    Args:
        name: of usual_name.

    Returns:
        False where the sound lacks something.
    """
    if name in NUMBERS or name in KEYS or name in READ_ELSEWHERE:
        return True
    controlled = CONTROLLED.match(name)
    if controlled is not None and controlled["base"] in NUMBERS:
        return True
    return bool(CONDITION.match(name) or STRENGTH_POINT.match(name) or HARMLESS.fullmatch(name))
