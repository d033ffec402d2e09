"""Read markers as orders for the music: hits, downbeats, drops, build-ups, silences and sections."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dyvim_cli.film_plan import MARKED, PARTS, FilmPlan, PlannedHit, PlannedSection, Silence
from dyvim_cli.markers.marker import JOINED, Marker
from dyvim_cli.stylebook import style_named
from dyvim_cli.types import SECTION_ROLES

NAME = re.compile(r"(hit|cut|downbeat|drop|build|silence|section)\b[\s:]*(.*)", re.IGNORECASE)
STRIKES = ("hit", "cut", "downbeat", "drop")  # orders that also ask for a hit
SAME_MOMENT_S = 0.05  # a section that begins within this time of an order is the intended one


@dataclass(frozen=True)
class Order:
    """One order, at a time of the film."""

    at_s: float
    kind: str  # hit, downbeat, drop, build, silence or section
    weight: float = 1.0  # weight of a hit
    until_s: float = 0.0  # end of a silence
    name: str = ""  # name of a section: a role, a style, or any name that sections of one theme share


def orders_of(markers: list[Marker], duration_s: float) -> tuple[Order, ...]:
    """Read markers as orders; a name that is no order is a plain hit.

    A silence lasts as long as its marker or the number that it names, else until the next marker.

    Args:
        markers: of the film.
        duration_s: of the film.

    Returns:
        In order of time.
    """
    times = sorted({*(min(marker.time_s, duration_s) for marker in markers), duration_s})
    found = []
    for marker in markers:
        next_s = times[min(bisect_right(times, marker.time_s), len(times) - 1)]
        found += [_order(name.strip(), marker, next_s) for name in marker.name.split(JOINED)]
    return tuple(sorted(found, key=lambda order: order.at_s))


def _order(name: str, marker: Marker, next_s: float) -> Order:
    found, at_s = NAME.fullmatch(name), max(0.0, marker.time_s)
    if not found:
        return Order(at_s, "hit")
    kind, rest = found[1].lower(), found[2].strip()
    number = _number(rest)
    if kind == "silence":
        length_s = marker.duration_s or number or next_s - at_s
        return Order(at_s, kind, until_s=at_s + length_s)
    if kind == "section":
        return Order(at_s, kind, name=rest.lower())
    return Order(at_s, "hit" if kind == "cut" else kind, 1.0 if number is None else min(1.0, number))


def _number(text: str) -> float | None:
    try:
        number = abs(float(text.removesuffix("s").strip().replace(",", ".")))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def marks(orders: Iterable[Order]) -> tuple[PlannedHit, ...]:
    """Collect the hits of orders, one per moment.

    Args:
        orders: of orders_of.

    Returns:
        In order of time, the strongest where two are at one moment.
    """
    strongest: dict[float, float] = {}
    for order in orders:
        if order.kind in STRIKES:
            strongest[order.at_s] = max(order.weight, strongest.get(order.at_s, 0.0))
    return tuple(PlannedHit(at_s, weight, MARKED) for at_s, weight in sorted(strongest.items()))


def style_asked(orders: Iterable[Order]) -> str | None:
    """Find the style that a section order at the film's beginning names.

    Args:
        orders: of orders_of.

    Returns:
        Its name; None where none is named.
    """
    first = (order for order in orders if order.kind == "section" and order.at_s <= SAME_MOMENT_S)
    return next(filter(None, (style_named(order.name) for order in first)), None)


def edited(plan: FilmPlan, orders: Iterable[Order]) -> FilmPlan:
    """Add the sections and silences of orders to a plan; their hits come from `marks`.

    A section order that names a style holds until the next section order.

    Args:
        plan: of the film.
        orders: of orders_of.

    Returns:
        The plan.
    """
    themes: dict[str, int] = {}
    for order in orders:
        if order.kind == "silence":
            pause = Silence(order.at_s, min(order.until_s, plan.duration_s))
            plan = replace(plan, silences=(*plan.silences, pause))
        elif order.kind in ("drop", "build", "section"):
            plan = _with_section(plan, order, themes)
    return _with_styles(plan, [order for order in orders if order.kind == "section"])


def _with_styles(plan: FilmPlan, orders: list[Order]) -> FilmPlan:
    """Give each section the style of the section order before it, where that names one."""
    sections = list(plan.sections)
    for i, section in enumerate(sections):
        before = [order for order in orders if order.at_s <= section.at_s + SAME_MOMENT_S]
        style = style_named(before[-1].name) if before else section.style
        sections[i] = replace(section, style=None if style == plan.style else style)
    return replace(plan, sections=tuple(sections))


def _with_section(plan: FilmPlan, order: Order, themes: dict[str, int]) -> FilmPlan:
    """Add a section that begins at the order: a copy of the one it interrupts, changed as ordered."""
    before = [each for each in plan.sections if each.at_s <= order.at_s + SAME_MOMENT_S] or plan.sections[:1]
    new = _as_asked(replace(before[-1], at_s=order.at_s, seen_energy=None), order, themes, plan)
    kept = [each for each in plan.sections if abs(each.at_s - order.at_s) > SAME_MOMENT_S]
    return replace(plan, sections=tuple(sorted([*kept, new], key=lambda section: section.at_s)))


def _as_asked(
    section: PlannedSection, order: Order, themes: dict[str, int], plan: FilmPlan
) -> PlannedSection:
    if order.kind == "drop":  # everybody comes in
        return replace(section, role="theme", parts=PARTS)
    if order.kind == "build":
        return replace(section, role="build")
    if order.name in SECTION_ROLES:
        return replace(section, role=order.name)
    if style_named(order.name) or not order.name:
        return section
    first = max(each.theme for each in plan.sections) + 1
    return replace(section, theme=themes.setdefault(order.name, first))
