"""The report in a real browser: films play, filters filter, nothing is fetched, everything is reachable."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import MOVING, STILL, cut_film

from dyvim_cli.errors import InputError
from dyvim_cli.report import entry
from dyvim_cli.report.films import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not CHROMIUM and not os.environ.get("CI"):
    pytest.skip("no chromium on this machine", allow_module_level=True)

NASTY = 'b>\'<img src=x onerror=alert(1)> "é" 100%#?.mp4'


def facts(name, folder, style, seconds, error_ms):
    """Facts as of score(); the film itself is real and plays."""
    output = cut_film(folder / name, MOVING, STILL, seconds=seconds / 2, audio="sine=frequency=300")
    hit = {"film_s": seconds / 2, "music_s": seconds / 2 + error_ms / 1000, "error_ms": error_ms}
    hit |= {"kind": "cut", "weight": 0.9, "on_beat": True, "on_downbeat": False}
    return {
        "input": str(folder / name), "output": str(output), "duration_s": seconds, "style": style,
        "key": "C major", "tempo_bpm": 100.0, "alpha": 0.5, "seed": 7, "model": "embedded",
        "loudness_lufs": -14.0, "true_peak_db": -1.5, "keep_audio": "duck", "hits": [hit],
        "sections": [{"start_s": 0.0, "end_s": seconds, "role": "theme"}],
        "curves": {"motion": [0.1, 0.5, 0.2], "loudness_lufs": [-20.0, None, -14.0],
                   "accents": [[seconds / 2, 1.0]], "bars_s": [0.0, 1.0]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    command = ["dyvim", "score", str(folder / "calm.mp4"), "--seed", "7"]
    made = [("calm.mp4", "ambient", 2.0, 30.0), (NASTY, "rock", 1.2, 2.0), ("alley.mp4", "rock", 1.6, 12.0)]
    films = [entry.done(facts(name, folder, *rest), command) for name, *rest in made]
    fault = InputError("/films/broken.mov is no film", "see that the file plays elsewhere")
    films.append(entry.failed("/films/broken.mov", fault, command))
    write_report(films, folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # a container's /dev/shm may be too small for a page
        lean = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=lean)
        yield started
        started.close()


@pytest.fixture
def opened(browser, report):
    """open(**context options) -> the page, whose console and requests are watched."""
    contexts, complaints, asked = [], [], []

    def open_page(path=report, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith(("file:", "data:")) for url in asked)


def names(page) -> list[str]:
    return page.locator(".card:visible h2").all_text_contents()  # inner texts of cards out of sight are empty


def test_every_film_plays(opened):
    page = opened()
    for i in range(3):
        video = page.locator("video").nth(i)
        video.evaluate("v => { v.muted = true; return v.play(); }")
        plays = "i => (v => v.readyState >= 2 && v.currentTime > 0.2)(document.querySelectorAll('video')[i])"
        page.wait_for_function(plays, arg=i)
    assert page.locator("video").evaluate_all("all => all.filter(v => !v.paused).length") <= 1


def test_filters_filter_and_sorts_sort(opened):
    page = opened()
    assert len(names(page)) == 4 and NASTY in names(page)
    page.get_by_role("radio", name="Failed").check(force=True)
    assert names(page) == ["broken.mov"]
    assert "see that the file plays elsewhere" in page.locator(".card:visible").text_content()
    page.get_by_role("radio", name="All").check(force=True)
    page.get_by_label("Style").select_option("rock")
    assert sorted(names(page)) == sorted([NASTY, "alley.mp4"])
    page.get_by_label("Style").select_option("")
    page.get_by_label("Sort by").select_option("error")
    assert names(page)[:3] == [NASTY, "alley.mp4", "calm.mp4"]
    page.get_by_label("Turn the order round").click()
    assert names(page) == ["calm.mp4", "alley.mp4", NASTY, "broken.mov"]
    page.get_by_label("Find a film").fill("ALLEY")
    assert names(page) == ["alley.mp4"]
    page.keyboard.press("Escape")
    assert len(names(page)) == 4


def test_the_time_line_seeks_by_key_and_by_pointer(opened):
    page = opened()
    lanes = page.get_by_role("slider").first
    lanes.focus()
    page.keyboard.press("PageDown")  # to the cut
    assert float(lanes.get_attribute("aria-valuenow")) == pytest.approx(1.0, abs=0.01)
    page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 1) < 0.1")
    page.keyboard.press("Home")
    assert float(lanes.get_attribute("aria-valuenow")) == 0
    box = lanes.bounding_box()
    lanes.click(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    assert float(lanes.get_attribute("aria-valuenow")) == pytest.approx(1.5, abs=0.02)


def test_the_keyboard_reaches_everything(opened):
    page = opened()
    reached = set()
    name = "e.getAttribute('name') || e.getAttribute('role') || e.tagName.toLowerCase()"
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"(e => {name})(document.activeElement)"))
    assert {"text", "status", "style", "sort", "turn", "video", "slider", "summary", "button"} <= reached
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.classList.contains('card')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_it_fits_a_phone_and_follows_the_dark(opened):
    colours = {}
    for scheme in ("light", "dark"):
        page = opened(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colours["light"] != colours["dark"]


def test_score_writes_the_page_of_its_film(film, tmp_path, browser):
    command = [sys.executable, "-m", "dyvim_cli", "score", film, "-o", tmp_path / "out.mp4"]
    command += ["--no-cache", "--seed", 3, "--candidates", 1, "--report", tmp_path / "report.html"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    text = page.locator(".card").text_content()
    assert "out.mp4" in text and "--seed 3" in text and "Scored" in text
    assert page.locator("video").get_attribute("src") == "out.mp4"
    page.close()


def test_the_judge_s_page_is_of_the_same_kind(tmp_path, opened):
    from dyvim_cli.evaluation.judge.judge_film import judge_film
    from dyvim_cli.evaluation.show.page import write_page

    film = cut_film(tmp_path / NASTY, MOVING, STILL, seconds=1.2, audio="sine=frequency=300")
    fault = InputError("/films/broken.mov is no film", "see that the file plays elsewhere")
    write_page([judge_film(film)], tmp_path / "judged.html", failures=[(tmp_path / "broken.mov", fault)])
    for scheme in ("light", "dark"):
        page = opened(tmp_path / "judged.html", viewport={"width": 390, "height": 800}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert names(page) == [NASTY, "broken.mov"]
    lanes = page.get_by_role("slider")
    lanes.focus()
    page.keyboard.press("PageDown")  # to the cut
    assert float(lanes.get_attribute("aria-valuenow")) == pytest.approx(1.2, abs=0.05)
    assert "cut" in lanes.get_attribute("aria-valuetext")
    page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 1.2) < 0.1")
    page.get_by_text("All figures").click()
    assert page.get_by_text("AV-Align (TempoTokens)").is_visible()
    page.get_by_label("Sort by").select_option("cuts")
    assert names(page)[-1] == "broken.mov"  # what has no figure comes last


def take(number, folder, notes):
    """One take of a film: facts, and what a page of takes has beside them."""
    made = facts(f"film.take{number}.mp4", folder, "rock" if number == 1 else "jazz", 4.0, 3.0)
    made |= {"input": str(folder / "film.mp4"), "take": number, "title": f"Take {number}"}
    return entry.done(made, ["dyvim", "score", "film.mp4", "--seed", str(number)], notes)


def notes_of(*pitches):
    return [
        {"part": "melody", "notes": [(0.5 * i, 0.5 * i + 0.4, pitch) for i, pitch in enumerate(pitches)]},
        {"part": "drums", "notes": [(0.25 * i, 0.25 * i + 0.1, 36) for i in range(16)]},
    ]


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("takes")
    entries = [take(1, folder, notes_of(60, 64, 67)), take(2, folder, notes_of(72, 71, 69, 72))]
    write_report(entries, folder / "takes.html", title="Takes of film.mp4")
    return folder / "takes.html"


def test_takes_are_switched_at_the_same_moment(opened, takes):
    page = opened(takes)
    page.evaluate("document.querySelectorAll('video').forEach(v => { v.muted = true; })")
    one, two = page.locator(".takes button").all()
    one.click()
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.8")
    assert one.get_attribute("aria-pressed") == "true"
    stopped_s, went_on_s = page.evaluate(
        """async () => {
            const [a, b] = document.querySelectorAll("video");
            const begun = new Promise(done => { b.onplaying = () => done(b.currentTime); });
            document.querySelectorAll(".takes button")[1].click();
            return [a.currentTime, await begun];
        }"""
    )
    assert went_on_s == pytest.approx(stopped_s, abs=0.15) and stopped_s > 0.8
    assert page.locator("video").evaluate_all("all => all.map(v => v.paused)") == [True, False]
    assert [each.get_attribute("aria-pressed") for each in (one, two)] == ["false", "true"]
    page.keyboard.press("1")  # and back
    page.wait_for_function(
        "() => (all => !all[0].paused && all[1].paused)(document.querySelectorAll('video'))"
    )
    a, b = page.locator("video").evaluate_all("all => all.map(v => v.currentTime)")
    assert a >= b - 0.05
    page.keyboard.press("Escape")
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => v.paused)")
    page.keyboard.press("2")  # from where the other one stopped
    page.wait_for_function("() => !document.querySelectorAll('video')[1].paused")
    a, b = page.locator("video").evaluate_all("all => all.map(v => v.currentTime)")
    assert b >= a - 0.05


def test_takes_of_other_films_of_the_same_name_do_not_follow(opened, tmp_path):
    entries = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        made = facts("a.mp4", tmp_path / name, "rock", 4.0, 1.0)
        entries.append(entry.done(made, ["dyvim", "score", "a.mp4"]))
    write_report(entries, tmp_path / "report.html")
    page = opened(tmp_path / "report.html")
    page.evaluate("document.querySelectorAll('video').forEach(v => { v.muted = true; })")
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.7")
    page.evaluate("document.querySelectorAll('video')[1].play()")
    assert page.evaluate("document.querySelectorAll('video')[1].currentTime") < 0.5


def test_a_take_shows_its_notes(opened, takes):
    for width in (1280, 360):
        page = opened(takes, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [each.text_content() for each in page.locator(".card h2").all()] == ["Take 1", "Take 2"]
        assert page.locator(".takes button").all_text_contents() == ["1 rock, 100 BPM", "2 jazz, 100 BPM"]
        strokes = [each.get_attribute("d").count("M") for each in page.locator(".roll .melody").all()]
        assert strokes == [3, 4]
        lane, drawn = (page.locator(where).first.bounding_box() for where in (".roll", ".roll .melody"))
        assert lane["height"] > 60 and drawn["width"] > lane["width"] / 5
        assert lane["y"] <= drawn["y"] and drawn["y"] + drawn["height"] <= lane["y"] + lane["height"]
