"""Make markers of a finished piece: its sections and the film events it meets."""

from dyvim_cli.markers.marker import CUT, HIT, MISSED, SECTION, Marker
from dyvim_cli.types import Hit, TempoMap

MET_S = 0.02  # sound within this distance of a picture reads as together with it


def markers_of(sections: tuple[tuple[int, int, str], ...], tempo_map: TempoMap) -> list[Marker]:
    """Make markers of sections and film events.

    Args:
        sections: (first step, end step, role).
        tempo_map: when each step sounds, and its hits.

    Returns:
        Markers in order of time.
    """
    grid = tempo_map.step_times_s
    spans = [(float(grid[start]), float(grid[end]), role) for start, end, role in sections]
    named = [Marker(start, f"section {role}", end - start, color=SECTION) for start, end, role in spans]
    events = [_of_event(hit) for hit in tempo_map.hits]
    return sorted([*named, *events], key=lambda marker: marker.time_s)


def _of_event(hit: Hit) -> Marker:
    """An event at the film's time; the note says how far off the music is."""
    is_met = abs(hit.error_s) <= MET_S
    place = "on a downbeat" if hit.on_downbeat else "on a beat" if hit.on_beat else "between beats"
    note = f"{hit.kind}: music {1000 * hit.error_s:+.0f} ms, {place if is_met else 'not met'}"
    color = MISSED if not is_met else CUT if hit.kind == "cut" else HIT
    return Marker(hit.film_time_s, hit.label, note=note, color=color)
