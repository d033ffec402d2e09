"""Generator numbers, defaults and ranges of SoundFont 2.04 (sections 8.1.2 and 8.1.3)."""

START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
MOD_LFO_TO_PITCH, VIB_LFO_TO_PITCH, MOD_ENV_TO_PITCH, CUTOFF, RESONANCE = 5, 6, 7, 8, 9
MOD_LFO_TO_CUTOFF, MOD_ENV_TO_CUTOFF, END_COARSE, MOD_LFO_TO_VOLUME, PAN = 10, 11, 12, 13, 17
MOD_LFO_DELAY, MOD_LFO_RATE, VIB_LFO_DELAY, VIB_LFO_RATE = 21, 22, 23, 24
MOD_ENV, MOD_ENV_SUSTAIN, MOD_ENV_RELEASE, KEY_TO_MOD_HOLD, KEY_TO_MOD_DECAY = 25, 29, 30, 31, 32
VOLUME_ENV, VOLUME_ENV_SUSTAIN, VOLUME_ENV_RELEASE = 33, 37, 38
KEY_TO_VOLUME_HOLD, KEY_TO_VOLUME_DECAY = 39, 40
INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, LOOP_START_COARSE, FIXED_KEY, FIXED_VELOCITY = 41, 43, 44, 45, 46, 47
ATTENUATION, LOOP_END_COARSE, COARSE_TUNE, FINE_TUNE, SAMPLE_ID, LOOP_MODE = 48, 50, 51, 52, 53, 54
SCALE_TUNING, EXCLUSIVE_CLASS, ROOT_KEY = 56, 57, 58

# Three that no SoundFont has: seconds for which a voice sounds however short its key is held; the class whose
# notes end it, where that is not its own; 1 where the modulation envelope rises on a straight line.
LEAST_S, ENDED_BY, STRAIGHT_RISE = 1001, 1002, 1003

COARSE_FRAMES = 32768  # one unit of a coarse sample offset
LOOPS, LOOPS_WHILE_HELD = 1, 3  # values of LOOP_MODE

DELAY, ATTACK, HOLD, DECAY = range(4)  # an envelope's first stages, counted from its first generator

# A preset may not set these: they belong to the sample, not to its playing (section 8.5).
INDEX_ONLY = {
    START, END, LOOP_START, LOOP_END, START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE,
    KEY_RANGE, VELOCITY_RANGE, FIXED_KEY, FIXED_VELOCITY, LOOP_MODE, EXCLUSIVE_CLASS, ROOT_KEY,
}  # fmt: skip

DEFAULTS = (
    {CUTOFF: 13500, SCALE_TUNING: 100, ROOT_KEY: -1, FIXED_KEY: -1, FIXED_VELOCITY: -1}
    | dict.fromkeys((MOD_LFO_DELAY, VIB_LFO_DELAY), -12000)
    | dict.fromkeys((*range(MOD_ENV, MOD_ENV + 4), MOD_ENV_RELEASE), -12000)
    | dict.fromkeys((*range(VOLUME_ENV, VOLUME_ENV + 4), VOLUME_ENV_RELEASE), -12000)
)

# Lowest and highest amount after all modulation, in the generator's own unit.
RANGES = (
    {CUTOFF: (1500, 13500), RESONANCE: (0, 960), PAN: (-500, 500), ATTENUATION: (0, 1440)}
    | dict.fromkeys(
        (MOD_LFO_TO_PITCH, VIB_LFO_TO_PITCH, MOD_ENV_TO_PITCH, MOD_LFO_TO_CUTOFF, MOD_ENV_TO_CUTOFF),
        (-12000, 12000),
    )
    | {MOD_LFO_TO_VOLUME: (-960, 960), SCALE_TUNING: (0, 1200)}
    | dict.fromkeys((MOD_LFO_RATE, VIB_LFO_RATE), (-16000, 4500))
    | dict.fromkeys((MOD_LFO_DELAY, VIB_LFO_DELAY), (-12000, 5000))
    | {first + stage: (-12000, 8000) for first in (MOD_ENV, VOLUME_ENV) for stage in (ATTACK, DECAY, 5)}
    | {first + stage: (-12000, 5000) for first in (MOD_ENV, VOLUME_ENV) for stage in (DELAY, HOLD)}
    | {MOD_ENV_SUSTAIN: (0, 1000), VOLUME_ENV_SUSTAIN: (0, 1440)}
    | dict.fromkeys(
        (KEY_TO_MOD_HOLD, KEY_TO_MOD_DECAY, KEY_TO_VOLUME_HOLD, KEY_TO_VOLUME_DECAY), (-1200, 1200)
    )
)
