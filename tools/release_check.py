"""Check a release: build it, weigh it, install it in a fresh environment of each Python and score a film.

python -m tools.release_check python3.10 python3.12
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import dyvim_cli

LARGEST_BYTES = 60_000_000  # largest sdist and wheel
ROOT = Path(__file__).resolve().parents[1]
MUST_HOLD = ("LICENSE", "CREDITS.md")  # whose work is shipped, under which terms


def main(pythons: list[str]) -> None:
    """Build the release and try it on each Python.

    Args:
        pythons: names of interpreters; missing ones are skipped.

    Raises:
        SystemExit: at the first fault of the release.
    """
    check_notes()
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    for made in (wheel, sdist):
        check_package(made)
    found = [path for name in pythons if (path := shutil.which(name)) and runs(path)]
    if not found:
        raise SystemExit(f"none of {', '.join(pythons)} is here")
    for python in found:
        try_installed(python, wheel)


def runs(python: str) -> bool:
    """Check that an interpreter starts; version managers put names on the PATH that do not.

    Args:
        python: path of the interpreter.

    Returns:
        True where it does.
    """
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def check_notes() -> None:
    """Check that CITATION.cff names the version, and that changes are written down."""
    version = dyvim_cli.__version__
    if f"version: {version}\n" not in (ROOT / "CITATION.cff").read_text(encoding="utf-8"):
        raise SystemExit(f"CITATION.cff does not name version {version}")
    if "## " not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise SystemExit("CHANGELOG.md is empty")


def check_package(path: Path) -> None:
    """Check the size of a package, and that licence and credits are inside.

    Args:
        path: of an sdist or a wheel.

    Raises:
        SystemExit: it is too large or lacks one of them.
    """
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path.name}: {size / 1e6:.1f} MB, {LARGEST_BYTES / 1e6:.0f} at most")
    if path.suffix == ".whl":
        names = zipfile.ZipFile(path).namelist()
    else:
        with tarfile.open(path) as archive:
            names = archive.getnames()
    for wanted in MUST_HOLD:
        if not any(Path(name).name == wanted for name in names):
            raise SystemExit(f"{path.name} lacks {wanted}")
    print(f"ok    {path.name}: {size / 1e6:.1f} MB")


def try_installed(python: str, wheel: Path) -> None:
    """Install the wheel in a fresh environment and score a film that ffmpeg makes.

    Args:
        python: name of the interpreter.
        wheel: path of the wheel.

    Raises:
        SystemExit: no film came out.
    """
    with tempfile.TemporaryDirectory() as place:
        run(python, "-m", "venv", place, cwd=place)
        own = Path(place) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        run(own, "-m", "pip", "install", "--quiet", wheel, cwd=place)
        find = "from dyvim_cli.media.programs import find_ffmpeg as f; print(f())"
        ffmpeg = subprocess.check_output([own, "-c", find], cwd=place, text=True).strip()
        pictures = ["-f", "lavfi", "-t", "3", "-i", "testsrc2=size=160x90:rate=25", "-pix_fmt", "yuv420p"]
        run(ffmpeg, "-v", "error", *pictures, "clip.mp4", cwd=place)
        run(own, "-m", "dyvim_cli", "score", "clip.mp4", "--candidates", "1", "-q", cwd=place)
        if not (Path(place) / "clip.dyvim.mp4").is_file():
            raise SystemExit(f"{python}: no film came out")
    print(f"ok    {python}: installed and scored a film")


def run(*command: object, cwd: str | Path = ROOT) -> None:
    """Run a program.

    Args:
        *command: its words.
        cwd: folder to run in.

    Raises:
        CalledProcessError: it failed.
    """
    subprocess.run([str(word) for word in command], check=True, cwd=cwd)


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
