"""Training of the motion encoder: exact flow, and a run that resumes where it stopped."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("skimage")

from dyvim_cli.errors import WeightsError  # noqa: E402
from dyvim_cli.training.films import motion_scenes  # noqa: E402
from dyvim_cli.training.tasks import motion, motion_pupil  # noqa: E402
from dyvim_cli.vision.motion_encoder import SHIPPED, TEACHER, MotionEncoder, load  # noqa: E402

SIZE = (72, 128)


def fetched(frame: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The other frame's pixels, brought back along the flow [2, H, W]."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    return cv2.remap(frame, xs + flow[0], ys + flow[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def test_flow_of_textures_is_exact(monkeypatch):
    monkeypatch.setattr(motion_scenes, "camera_faults", lambda rng, frames: np.clip(frames, 0, 255))
    textures = motion._textures()
    unmoved, moved = [], []
    for seed in range(12):
        sample = motion_scenes.texture_sequence(np.random.default_rng(seed), textures, 4, SIZE)
        for t in (1, 2):
            for direction, other in ((0, t - 1), (1, t + 1)):
                here, there = sample.frames[t], sample.frames[other].astype(np.float32)
                flow = sample.flow[t - 1, direction].astype(np.float32)
                moved.append(np.median(np.abs(fetched(there, flow) - here)))
                unmoved.append(np.median(np.abs(there - here)))
    assert np.mean(moved) < 1.0 < 2 * np.mean(moved) + 1.0 < np.mean(unmoved)


def test_camera_faults_keep_the_shape():
    frames = np.full((5, *SIZE, 3), 128.0)
    for seed in range(20):
        spoiled = motion_scenes.camera_faults(np.random.default_rng(seed), frames)
        assert spoiled.shape == frames.shape and spoiled.dtype == np.uint8


def test_training_writes_and_resumes(tmp_path, monkeypatch):
    out = tmp_path / "encoder.safetensors"
    motion.train(out, minutes=0.02, batch=1, seed=3)
    assert load(out, TEACHER).eval()
    with pytest.raises(WeightsError, match=r"encoder\.safetensors"):
        load(out)  # only its pupil is shipped
    assert not out.with_suffix(".resume").exists()
    model, head = MotionEncoder(TEACHER), motion.nn.Linear(64, motion.N_STATISTICS)
    optimizer = motion.torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=1e-3)
    loss = motion._loss(model, head, motion._batch(np.random.default_rng(1), motion._textures(), [], 1))
    loss.backward()
    optimizer.step()
    motion._keep(tmp_path / "run.resume", model, head, optimizer, 7, 12.5)
    other, other_head = MotionEncoder(TEACHER), motion.nn.Linear(64, motion.N_STATISTICS)
    restored = motion.torch.optim.AdamW([*other.parameters(), *other_head.parameters()], lr=1e-3)
    assert motion._restore(tmp_path / "run.resume", other, other_head, restored) == (7, 12.5)
    assert all((a == b).all() for a, b in zip(model.parameters(), other.parameters(), strict=True))
    before, after = optimizer.state_dict()["state"], restored.state_dict()["state"]
    assert before.keys() == after.keys()
    for i, mine in before.items():
        assert (mine["exp_avg"] == after[i]["exp_avg"]).all() and mine["step"] == after[i]["step"]


@pytest.fixture
def teacher_path(tmp_path):
    motion.torch.manual_seed(4)
    path = tmp_path / "teacher.safetensors"
    motion.write_weights(MotionEncoder(TEACHER), path)
    return path


def sequences(n: int, clips=()) -> "motion.Tensor":
    return motion_pupil.Material(clips, motion._textures()).batch(np.random.default_rng(n), n)


def test_sequences_of_clips_and_textures():
    clip = np.random.default_rng(0).integers(0, 256, (30, 90, 160, 3), np.uint8)
    for n in (1, 2, 3, 4):
        frames = sequences(n, [clip])
        assert frames.shape[:3] == (n, motion_pupil.LENGTH, 3) and frames.shape[3:] in motion_pupil.SIZES
        assert frames.min() >= 0 and frames.max() <= 1


def test_a_pupil_begins_with_what_fits(teacher_path):
    teacher, pupil = load(teacher_path, TEACHER), motion_pupil.begun_from(teacher_path)
    assert pupil.shape == SHIPPED
    given, kept = teacher.state_dict(), pupil.state_dict()
    assert (kept["update.convz.weight"] == given["update.convz.weight"]).all()
    near = given["flow_motion.convcorr1.0.weight"].view(64, 3, 7, 7)
    inner = kept["flow_motion.convcorr1.0.weight"].view(64, 3, 5, 5)
    assert (inner == near[..., 1:6, 1:6]).all()


def test_a_pupil_comes_nearer_to_its_teacher(teacher_path):
    teacher, pupil = load(teacher_path, TEACHER), motion_pupil.begun_from(teacher_path).train()
    frames, variance = sequences(2), motion.torch.full((64,), 0.01)
    at_best = motion_pupil.loss(teacher, teacher, frames, variance)
    optimizer = motion.torch.optim.AdamW(pupil.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        losses.append(motion_pupil.loss(pupil, teacher, frames, variance))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert at_best < losses[-1] < 0.7 * losses[0]


def test_teaching_writes_a_shipped_encoder(tmp_path, teacher_path, monkeypatch):
    monkeypatch.setattr(motion_pupil, "N_SPREAD", 2)
    out = tmp_path / "pupil.safetensors"
    motion_pupil.teach(teacher_path, out, minutes=0.02, batch=1)
    assert load(out).shape == SHIPPED
    assert not out.with_suffix(".resume").exists()
