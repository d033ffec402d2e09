# Everything runs in the project's own environment; nothing needs to be installed by hand before.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
FILM   ?= demo/synthetic.mp4
CLIPS  ?= ../shared/clips
FILMS  ?= $(FILM)
ALPHAS ?= 0,1
SEEDS  ?= 1
SHOWN  ?= $(addprefix $(CLIPS)/,moviepy_big_buck_bunny_0_30.webm torchcodec_nasa_13013.mp4 mdn_crystal.mp4 \
          mdn_rabbit.mp4 intel_car-detection.mp4)
STAMP  := $(VENV)/.installed

N      ?= 1000
SEED   ?= 1
.PHONY: release-check docs man demo test test-media check types fuzz bench sync bench-sync gallery gallery-styles onsets picture musicality marathon figures clean

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e '.'
	touch $@

$(VENV)/.installed-dev: $(STAMP)
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

# a film with moving objects and hard cuts, made on the spot
demo/synthetic.mp4: $(STAMP)
	$(BIN)/python -m benchmarks.synthetic $@

demo: $(STAMP) $(FILM)
	mkdir -p demo
	$(BIN)/dyvim score "$(FILM)" -o demo/ --overwrite

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest
	$(BIN)/lint-imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# films read and written once more with another ffmpeg: the one on the PATH, or FFMPEG=bundled
BUNDLED = from dyvim_cli.media.programs import bundled_ffmpeg; print(bundled_ffmpeg())
test-media: export DYVIM_FFMPEG = $(if $(filter bundled,$(FFMPEG)),$(shell $(BIN)/python -c "$(BUNDLED)"))
test-media: $(VENV)/.installed-dev
	$(BIN)/dyvim doctor | grep ffmpeg:
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/test_media_*.py

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

# static types; pyproject.toml lists what is checked
types: $(VENV)/.installed-dev
	$(BIN)/mypy

# N damaged films of every container through the command line; each with which a promise was broken is kept in
# demo/fuzz, its number stands in its name: make fuzz SEED=1 ONLY=17 does it again
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tools.fuzz $(N) --seed $(SEED) $(if $(ONLY),--only $(ONLY)) --keep demo/fuzz

# seconds a stage, processor time against decoding alone, seconds to the first frame
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.speed

# cuts, dissolves, fades and wipes at known times, beside PySceneDetect's detectors
bench-cuts: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.cuts --clips "$(CLIPS)" --out demo/cuts

# a quick answer while working on sync: `make sync FILMS="a.mp4 b.mp4" ALPHAS=0,1`; films are watched once
sync: $(VENV)/.installed-dev
	$(BIN)/dyvim evaluate $(FILMS) --sweep-alpha $(ALPHAS) --seeds $(SEEDS) --candidates 1

# every baseline on every free clip; the table goes into the README. SEEDS=1 takes a third of the time
bench-sync: SEEDS = 3
bench-sync: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.bench --clips "$(CLIPS)" --out demo/bench --readme docs/evaluation.md --seeds $(SEEDS)

# free films, and six cut together from them, at alpha 0, .5 and 1: rolls, waveforms, flow beside sync, one page
# (make gallery DECODER=run/decoder.safetensors hears other weights)
gallery: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.gallery $(SHOWN) --out demo/gallery $(if $(DECODER),--decoder "$(DECODER)")

# every style on one page: sound, spectrum, roll and the figures of its mix; BESIDE=FONT.sf2 plays the same notes
gallery-styles: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.style_gallery --out demo/styles $(if $(BESIDE),--beside "$(BESIDE)")

# how far the sound of every preset lies from its notes
onsets: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.onsets

# the documentation as pages in build/site; a link that leads nowhere is an error
docs: $(STAMP)
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	$(BIN)/python -m tools.manual docs/commands.md
	$(BIN)/python -m mkdocs build --strict

# the manual page, from the command line itself: man build/dyvim.1
man: $(STAMP)
	$(BIN)/python -m tools.manual build/dyvim.1

# what is released: its size and licences, and a film scored by the wheel in a fresh environment of each Python
PYTHONS ?= python3.10 python3.11 python3.12 python3.13
release-check: $(STAMP)
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m tools.release_check $(PYTHONS)

# the picture of the README, light and dark; the film is Big Buck Bunny (CC-BY 3.0, Blender Foundation)
picture: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.picture "$(CLIPS)/moviepy_big_buck_bunny_0_30.webm" --start 9 --end 25 --style acoustic

# fifty composed pieces against the held-out corpus, and their sound against human music on the same instruments
musicality: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.musicality_check $(if $(DECODER),--decoder "$(DECODER)")

# batches at length: 200 films of which 20 are broken, 25 kills at random moments, batch against score
marathon: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m benchmarks.batch_marathon night --films $(or $(NIGHT),200)
	PYTHONPATH=tests $(BIN)/python -m benchmarks.batch_marathon kills --films 30 --kills 25 --seconds 2 5
	PYTHONPATH=tests $(BIN)/python -m benchmarks.batch_marathon kills --films 6 --kills 6 --seconds 1 3 --engine ray
	PYTHONPATH=tests $(BIN)/python -m benchmarks.batch_marathon speed --films 20 --seconds 2 10 --candidates 3

# the paper's figures, in demo/figures: attention, strategies at equal time, loss and sync over alpha. PAIRS are made by
# `dyvim train render`, best those that the shipped decoder was tuned on (weights/README.md): its held-out films are then
# new to it. START is what the strategies start from, best what it was tuned from, DECODER whose alpha it is: else both
# are the shipped one. With BACKBONE and AUDIO_PAIRS (`dyvim train prepare`) the same of MusicGen, with SHARD (`dyvim
# train arrange`) of a small one that is made on the spot, with AUDIO_FILMS films of music that it has not heard. A run
# goes on where it stopped; another MINUTES wants another folder for what is done
PAIRS    ?= demo/pairs
START    ?=
SHARD    ?=
BACKBONE ?= $(if $(SHARD),demo/backbone)
AUDIO_PAIRS ?= demo/audio-pairs
AUDIO_FILMS ?= 240
MINUTES  ?= 3
figures: SEEDS = 2
figures: $(VENV)/.installed-dev $(FILMS)
	$(BIN)/dyvim train attention $(FILMS) -o demo/figures
	$(BIN)/dyvim train compare "$(PAIRS)" -o demo/figures --minutes $(MINUTES) --seeds $(SEEDS) \
	    $(if $(START),--start-from "$(START)") $(addprefix --film ,$(FILMS))
	$(BIN)/dyvim train alpha "$(PAIRS)" -o demo/figures $(if $(DECODER),--tuned "$(DECODER)") --seeds $(SEEDS) \
	    $(addprefix --film ,$(FILMS))
ifneq ($(SHARD),)
	test -e demo/backbone/config.json || $(BIN)/python -m tools.small_backbone "$(SHARD)" -o demo/backbone \
	    --films $(AUDIO_FILMS)
	$(BIN)/dyvim train prepare "$(SHARD)" -o "$(AUDIO_PAIRS)" --films $(AUDIO_FILMS) --backbone "$(BACKBONE)"
endif
ifneq ($(BACKBONE),)
	$(BIN)/dyvim train compare "$(AUDIO_PAIRS)" --backbone "$(BACKBONE)" -o demo/figures/musicgen \
	    --minutes $(MINUTES) --seeds $(SEEDS)
	$(BIN)/dyvim train tune "$(AUDIO_PAIRS)" --backbone "$(BACKBONE)" -o demo/figures/musicgen/tuned --minutes $(MINUTES)
	$(BIN)/dyvim train alpha "$(AUDIO_PAIRS)" --backbone "$(BACKBONE)" -o demo/figures/musicgen \
	    --tuned demo/figures/musicgen/tuned --seeds $(SEEDS) $(addprefix --film ,$(FILMS))
endif

clean:
	rm -rf $(VENV) demo build *.egg-info
