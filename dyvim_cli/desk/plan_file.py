"""Write a plan as a TOML file that explains itself."""

from dyvim_cli.film_plan import CLOSING, PARTS, FilmPlan, PlannedHit, PlannedSection
from dyvim_cli.music.symbols.instruments import KITS, NAMES
from dyvim_cli.types import EVENT_KINDS, SECTION_ROLES, STYLES

HEAD = """\
# The plan of the music for {film}. Edit it, then run: dyvim score {film} --plan THIS_FILE
# Times are seconds from the film's first picture, or "0:12.5". Values that you do not edit are kept.
"""
CHOICES = """\
style = "{style}"  # {styles}
key = "{key}"
bpm = {bpm}  # the base tempo, 40 to 220; around hits it gives way by a few per cent
mood = {mood}  # valence and arousal, each -1 to 1
alpha = {alpha}  # how strongly the music follows the motion, 0 to 1
seed = {seed}  # of this piece; another number, other notes and players
duration_s = {duration_s}  # of the film that this plan is for
# Those of {closing} that rest in the last section and yet play its last chord.
last_chord = [{last_chord}]
"""
HITS = """\
# Events that the music meets: weight 0 to 1, and kind ({kinds}).
# A hit of kind "marked" is yours: it is met exactly, with an accent. Delete a line, and its accent goes.
hits = [
{lines}]
"""
SILENCES = """\
# Spans without music.
silences = [
{lines}]
"""
PLAYERS = """\
# The instrument of a part: a General MIDI name or number; of drums a kit. Other parts have the style's own.
{sign}instruments = {{ {players} }}
"""
EXAMPLE = 'melody = "cello", bass = 33'
SPEECH = """\
# Speech in the film's own sound: no tune there, few and soft notes. [] means that there is none;
# without this list dyvim detects it.
{comment}speech = [
{lines}{comment}]
"""
SECTIONS = """\
# A section lasts until the next one. It begins on the beat next to its time. Roles: {roles}.
# Sections of one theme number share their tune. Only the named parts may play: {parts}.
# A part taken out of the last section is silent in the last chord as well.
# energy, 0 to 1: how much motion the music answers there. A comment shows the film's own value.
# style = "jazz" in a section: a band of that style plays there.
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
        closing=", ".join(CLOSING), last_chord=_names(plan.last_chord),
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
    """Format the line of instruments; an example where none were chosen."""
    players = ", ".join(f"{part} = {_instrument(part, program)}" for part, program in plan.instruments)
    return PLAYERS.format(sign="" if players else "# ", players=players or EXAMPLE)


def _instrument(part: str, program: int) -> str:
    """Format a program as its General MIDI name; of kits those that have none are numbers."""
    if part == "drums":
        return next((f'"{name}"' for name, kit in KITS.items() if kit == program), str(program))
    return f'"{NAMES[program]}"'


def _hit_line(hit: PlannedHit) -> str:
    return f'  {{ at = {hit.at_s}, weight = {hit.weight}, kind = "{hit.kind}" }},\n'


def _section(section: PlannedSection) -> str:
    return (
        f'[[section]]\nat = {section.at_s}\nrole = "{section.role}"\ntheme = {section.theme}\n'
        f"mood = [{section.valence}, {section.arousal}]\n"
        + _energy(section)
        + ("" if section.style is None else f'style = "{section.style}"\n')
        + f"parts = [{_names(section.parts)}]\n"
    )


def _names(parts: tuple[str, ...]) -> str:
    """Format the inside of a list of parts."""
    return ", ".join(f'"{part}"' for part in parts)


def _energy(section: PlannedSection) -> str:
    """Format the line of a section's energy: set by the user, or a comment with the film's own value."""
    if section.energy is not None:
        return f"energy = {section.energy}\n"
    return "" if section.seen_energy is None else f"# energy = {section.seen_energy}\n"
