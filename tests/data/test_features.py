import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from got_train.config import SampleConfig
from got_train.data import features
from got_train.data.features import FeatureSamples, FeatureStore, encoder_fingerprint, image_key
from got_train.data.images import PdfPage, find_image
from got_train.data.readers import open_rows
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.model.tokenizer import small_tokenizer
from got_train.vocabulary import TileShape
from tests.conftest import draw, write_rows
from tests.data.packing import png, write_tar


def tensor(value: float, tiles: int = 1) -> torch.Tensor:
    return torch.full((tiles, 4, 48), value, dtype=torch.bfloat16)


def store(folder: Path, max_bytes: int = 2**30) -> FeatureStore:
    return FeatureStore(folder / "features", max_bytes, torch.bfloat16)


def test_what_is_written_is_found_by_everyone(tmp_path: Path) -> None:
    writer, reader = store(tmp_path), store(tmp_path)
    assert reader.find("a") is None
    writer.add("a", tensor(1))
    writer.add("b", tensor(2, tiles=3))
    assert torch.equal(writer.find("a"), tensor(1))  # type: ignore[arg-type]
    assert reader.find("a") is None
    writer.flush()
    for found in (reader, writer, store(tmp_path), pickle.loads(pickle.dumps(reader))):
        assert torch.equal(found.find("b"), tensor(2, tiles=3))
        assert found.find("a").dtype == torch.bfloat16
        assert found.find("c") is None
    assert len(list(writer.folder.iterdir())) == 1


def test_features_are_kept_as_narrow_as_they_were_computed(tmp_path: Path) -> None:
    writer = store(tmp_path)
    writer.add("a", tensor(1 / 3).float())  # as accelerate hands over what was computed under autocast
    assert torch.equal(writer.find("a"), tensor(1 / 3))  # type: ignore[arg-type]


def test_a_shard_is_written_when_enough_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD_BYTES", 3 * tensor(0).nbytes)
    writer = store(tmp_path)
    for number in range(7):
        writer.add(str(number), tensor(number))
        writer.add(str(number), tensor(number))  # known, not written twice
    assert len(list(writer.folder.glob("*.safetensors"))) == 2
    assert store(tmp_path).find("6") is None  # waits, and would be lost
    writer.flush()
    again = store(tmp_path)
    assert [float(again.find(str(number))[0, 0, 0]) for number in range(7)] == list(range(7))  # type: ignore[index]


def test_a_full_folder_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD_BYTES", 1)
    writer = store(tmp_path, max_bytes=1500)
    for number in range(9):
        writer.add(str(number), tensor(number))
    shards = [path.stat().st_size for path in writer.folder.iterdir()]
    assert writer.is_full and writer.num_bytes == sum(shards)
    assert sum(shards) - max(shards) < 1500 <= sum(shards)
    kept = [number for number in range(9) if store(tmp_path).find(str(number)) is not None]
    assert kept == list(range(len(shards)))


def test_a_disk_that_refuses_ends_the_keeping_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(features, "save_file", refuse)
    writer = store(tmp_path)
    writer.add("a", tensor(1))
    writer.flush()
    assert writer.is_full and list(writer.folder.iterdir()) == []
    assert [record.message for record in caplog.records if "No space left" in record.message]


def test_a_shard_that_was_cut_off_is_not_seen(tmp_path: Path) -> None:
    writer = store(tmp_path)
    (writer.folder / "x.part").write_bytes(b"half a shard")
    assert writer.find("a") is None and writer.num_bytes == 0


@pytest.mark.parametrize("kept", [0, 5, 100, -10])
def test_a_damaged_shard_costs_its_features_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    for number in range(2):
        writer = store(tmp_path)
        writer.add(str(number), tensor(number))
        writer.flush()
    whole, damaged = sorted(writer.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    damaged.write_bytes(damaged.read_bytes()[:kept])
    reader = store(tmp_path)
    assert reader.find("0") is not None and reader.find("1") is None
    reader.add("1", tensor(1))
    reader.flush()
    assert store(tmp_path).find("1") is not None
    (message,) = [record.message for record in caplog.records]
    assert message.startswith(f"images are encoded again: {damaged} is damaged or lost (")
    assert not damaged.exists()


def changes(place: Path) -> dict[str, Callable[[], object]]:
    """Damage of a shard that is in use, and what does it."""
    content = place.read_bytes()
    flipped = bytearray(content)
    flipped[-1] ^= 1
    return {
        "cut off": lambda: os.truncate(place, len(content) // 2),
        "empty": lambda: os.truncate(place, 0),
        "zeroed": lambda: place.write_bytes(bytes(len(content))),
        "zeroed behind its head": lambda: place.write_bytes(content[:-40] + bytes(40)),
        "one bit": lambda: place.write_bytes(flipped),
        "lost": place.unlink,
        "its folder is lost": lambda: shutil.rmtree(place.parent),
        "unreadable": lambda: (place.unlink(), place.mkdir()),
    }


DAMAGES = (
    "cut off, empty, zeroed, zeroed behind its head, one bit, lost, its folder is lost, unreadable".split(
        ", "
    )
)


@pytest.mark.parametrize("opened", ["before", "after"])
@pytest.mark.parametrize("what", DAMAGES)
def test_a_shard_that_is_damaged_while_the_run_goes_on_is_computed_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str, opened: str
) -> None:
    first = store(tmp_path)
    first.add("a", tensor(1))
    first.flush()
    (shard,) = first.folder.iterdir()
    readers = [store(tmp_path), store(tmp_path)] if opened == "before" else []
    changes(shard)[what]()
    worker, trainer = readers or [store(tmp_path), store(tmp_path)]
    assert worker.find("a") is None and worker.find("a") is None
    told = [record.message for record in caplog.records if str(shard) in record.message]
    assert len(told) == (
        0 if opened == "after" and "lost" in what else 1 if opened == "before" else len(told)
    )
    trainer.add("a", tensor(1))  # what the worker did not find is encoded, and kept again
    trainer.flush()
    for reader in (worker, trainer, store(tmp_path)):
        assert torch.equal(reader.find("a"), tensor(1))  # type: ignore[arg-type]


def test_shards_of_earlier_versions_are_not_trusted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = store(tmp_path).folder
    save_file({"a": tensor(1)}, folder / "old.safetensors")
    assert store(tmp_path).find("a") is None
    (message,) = [record.message for record in caplog.records]
    assert message.endswith("(ValueError: it has no hashes, as in earlier versions; it is removed)")


def test_an_encoder_is_named_by_all_that_matters() -> None:
    state = {"a": torch.zeros(2), "b": torch.ones(2)}
    names = {
        encoder_fingerprint(state, 1024, torch.bfloat16),
        encoder_fingerprint(state, 512, torch.bfloat16),
        encoder_fingerprint(state, 1024, torch.float32),
        encoder_fingerprint(state | {"a": torch.tensor([0.0, 1e-6])}, 1024, torch.bfloat16),
        encoder_fingerprint({"a": state["a"], "c": state["b"]}, 1024, torch.bfloat16),
    }
    assert len(names) == 5
    again = encoder_fingerprint(dict(reversed(state.items())), 1024, torch.bfloat16)
    assert again in names


def test_a_picture_is_named_by_its_content_wherever_it_lies(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", "1")
    draw(tmp_path / "b.png", "2")
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())
    write_tar(tmp_path / "d.tar", {"x.png": (tmp_path / "a.png").read_bytes()})
    packed = find_image("d.tar:x.png", [tmp_path])
    keys = [image_key(image) for image in (tmp_path / "a.png", tmp_path / "c.png", packed)]
    assert len(set(keys)) == 1 and image_key(tmp_path / "b.png") not in keys
    image = Image.open(tmp_path / "a.png")
    assert image_key(image) == image_key(image.copy()) != image_key(image.resize((16, 64)))


def test_pages_of_a_pdf_are_pictures_of_their_own(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    first, second = (image_key(PdfPage(tmp_path / "a.pdf", number)) for number in (1, 2))
    assert first != second
    pages[1].save(tmp_path / "a.pdf")
    assert image_key(PdfPage(tmp_path / "a.pdf", 1)) != first


def cached(folder: Path, *rows: dict[str, object], **config: object) -> FeatureSamples:
    """The samples of rows in a folder, with a store of features there."""
    encoder = SampleEncoder(small_tokenizer(), SampleConfig(**config), TileShape(32, 4))  # type: ignore[arg-type]
    samples = SampleSet(open_rows(str(write_rows(folder / "rows.jsonl", list(rows)))), encoder)
    return FeatureSamples(samples, store(folder))


def test_a_sample_takes_features_where_all_its_images_have_some(tmp_path: Path) -> None:
    for name in "ab":
        draw(tmp_path / f"{name}.png", name, size=(64, 32))
    row = {"query": "<image><image>OCR: ", "response": "ab", "images": ["a.png", "b.png"]}
    samples = cached(tmp_path, row)
    new = samples[0]
    assert new.features is None and new.tiles_per_image == (1, 1)
    first, second = new.image_keys
    samples.store.add(first, tensor(1))
    assert samples[0].features is None
    samples.store.add(second, tensor(2))
    known = samples[0]
    assert known.features is not None and known.features[:, 0, 0].tolist() == [1, 2]
    assert len(known.tiles) == 0 and known.num_tiles == new.num_tiles == 2 and known.image_keys == ()
    assert np.array_equal(known.input_ids, new.input_ids) and np.array_equal(known.labels, new.labels)
    # Cut into tiles, the same images are others.
    cropped = cached(tmp_path, row, crop=True)[0]
    assert cropped.features is None and cropped.tiles_per_image == (3, 3)
    # A changed image is noticed.
    draw(tmp_path / "b.png", "c", size=(64, 32))
    assert samples[0].features is None


def test_images_are_not_decoded_once_their_features_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(9)[:-20])
    samples = cached(tmp_path, {"query": "<image>OCR: ", "response": "a", "images": ["a.png"]})
    samples.store.add(f"{image_key(tmp_path / 'a.png')}-whole", tensor(1))
    assert samples[0].features is not None


def test_text_rows_need_no_store(tmp_path: Path) -> None:
    sample = cached(tmp_path, {"query": "q", "response": "r"})[0]
    assert sample.features is None and sample.image_keys == () and sample.num_tiles == 0
