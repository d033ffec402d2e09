"""Write a plan as a TOML file that explains itself."""

from dyvim_cli.film_plan import PARTS, FilmPlan, PlannedHit, PlannedSection
from dyvim_cli.music.symbols.instruments import NAMES
from dyvim_cli.types import EVENT_KINDS, SECTION_ROLES, STYLES

HEAD = """\
# What the music of {film} shall be. Change what you like, then: dyvim score {film} --plan THIS_FILE
# Times are seconds from the film's first picture, or "0:12.5". What you leave as it is stays as it is.
"""
CHOICES = """\
style = "{style}"  # {styles}
key = "{key}"
bpm = {bpm}  # the base tempo, 40 to 220; around hits it gives way by a few per cent
mood = {mood}  # valence and arousal, each -1 to 1
alpha = {alpha}  # how strongly the music follows the motion, 0 to 1
seed = {seed}  # of this piece; another number, other notes and players
duration_s = {duration_s}  # of the film that this plan is for
"""
HITS = """\
# What is met by the music: weight 0 to 1, and what it is ({kinds}).
# A marked hit is asked for by you: it is met exactly, with an accent. Without its line there is no accent.
hits = [
{lines}]
"""
SILENCES = """\
# Where nobody plays.
silences = [
{lines}]
"""
PLAYERS = """\
# Who plays a part: a General MIDI name or number. Who is not named is drawn among the style's own.
{sign}instruments = {{ {players} }}
"""
EXAMPLE = 'melody = "cello", bass = 33'
SPEECH = """\
# Where somebody speaks in the film's own sound: no tune there, few and soft notes. [] is as if nobody did;
# without this list the film is listened to.
{comment}speech = [
{lines}{comment}]
"""
SECTIONS = """\
# A section lasts until the next one. It begins on the beat next to its time. Roles: {roles}.
# Sections of one theme number share their tune. Only the named parts may play: {parts}.
# The last chord is played by melody, bass and pad, unless they are named in no section at all.
# energy, 0 to 1: how much motion the music answers there. A comment says what the film has.
# style = "jazz" in a section: there a band of that style plays.
"""


def plan_text(plan: FilmPlan, film: str) -> str:
    """Write a plan as TOML with comments.

    Args:
        plan: of the film.
        film: its name, for the heading.

    Returns:
        Text of the file.
    """
    choices = CHOICES.format(
        style=plan.style, styles=", ".join(STYLES), key=plan.key, bpm=plan.bpm, alpha=plan.alpha,
        seed=plan.seed, mood=[plan.valence, plan.arousal], duration_s=plan.duration_s,
    )  # fmt: skip
    hits = HITS.format(kinds=", ".join(EVENT_KINDS), lines="".join(map(_hit_line, plan.hits)))
    pauses = "".join(f"  {{ from = {each.from_s}, to = {each.to_s} }},\n" for each in plan.silences)
    silences = SILENCES.format(lines=pauses or "  # { from = 3.0, to = 4.5 },\n")
    spoken = "".join(f"  {{ from = {each.from_s}, to = {each.to_s} }},\n" for each in plan.speech or ())
    speech = SPEECH.format(lines=spoken, comment="# " if plan.speech is None else "")
    sections = SECTIONS.format(roles=", ".join(SECTION_ROLES), parts=", ".join(PARTS))
    parts = [HEAD.format(film=film), choices, _players(plan), hits, silences, speech, sections]
    return "\n".join([*parts, *map(_section, plan.sections)])


def _players(plan: FilmPlan) -> str:
    """The line of instruments; an example where none were chosen."""
    players = ", ".join(f"{part} = {_instrument(program)}" for part, program in plan.instruments)
    return PLAYERS.format(sign="" if players else "# ", players=players or EXAMPLE)


def _instrument(program: int) -> str:
    """A program as a person reads it."""
    return f'"{NAMES[program]}"'


def _hit_line(hit: PlannedHit) -> str:
    return f'  {{ at = {hit.at_s}, weight = {hit.weight}, kind = "{hit.kind}" }},\n'


def _section(section: PlannedSection) -> str:
    parts = ", ".join(f'"{part}"' for part in section.parts)
    return (
        f'[[section]]\nat = {section.at_s}\nrole = "{section.role}"\ntheme = {section.theme}\n'
        f"mood = [{section.valence}, {section.arousal}]\n"
        + _energy(section)
        + ("" if section.style is None else f'style = "{section.style}"\n')
        + f"parts = [{parts}]\n"
    )


def _energy(section: PlannedSection) -> str:
    """The line of a section's energy: an order, or a comment that says what was seen."""
    if section.energy is not None:
        return f"energy = {section.energy}\n"
    return "" if section.seen_energy is None else f"# energy = {section.seen_energy}\n"
