"""Lets ClinicaDL 1.6.1 and Gyrus predict with each other's networks of volumes.

    python check_clinicadl_volumes.py FOLDER [FIXTURES]     (FOLDER: an empty folder to work in)

Needs ClinicaDL 1.6.1 with PyTorch 2.1.2, and deno on the path; takes a quarter of an hour on two
processors. Nothing of ClinicaDL is replaced. Volumes are noise with a ball whose contrast depends on
the diagnosis, so that one epoch (of the few large images more) gives probabilities that differ.

Proven, within 1e-4, for elements and images:

- `clinicadl predict` with the MAPS of networks that were trained here: whole images as they are and
  reduced, patches with one network and with one each, regions likewise;
- `predict` here with a MAPS that `clinicadl train` wrote, on the tensors that `clinicadl prepare-data`
  wrote: patches, regions (stored, and cut when loaded), whole images and reduced ones.

With FIXTURES, the MAPS of `clinicadl train` are written there for the tests, small: large weights are
rounded to five values a tensor, after which ClinicaDL predicts again.
"""

import sys
from pathlib import Path

import pandas as pd
import torch

from clinicadl_oracle import IDS, clinicadl, gyrus, make_caps, write_fixture

WORK = Path(sys.argv[1]).resolve()
FIXTURES = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
TOLERANCE = 1e-4

SMALL = {"shape": (28, 32, 24), "people": 48, "tested": 4}
LARGE = {"shape": (169, 208, 179), "people": 14, "tested": 2}


def compare(name, ours, theirs, keys):
    ours, theirs = [pd.read_csv(path, sep="\t").sort_values(keys).reset_index(drop=True)
                    for path in (ours, theirs)]
    assert len(ours) > 0 and ours[keys].equals(theirs[keys]), (ours, theirs)
    assert (ours.predicted_label == theirs.predicted_label).all()
    columns = ["proba0", "proba1"]
    difference = (ours[columns] - theirs[columns]).abs().max().max()
    assert difference < TOLERANCE, (name, difference)
    low, high = ours.proba0.min(), ours.proba0.max()
    assert high - low > 20 * TOLERANCE, "all predictions are alike"
    print(f"  {name}: {len(ours)} rows, proba0 {low:.3f} to {high:.3f}, "
          f"largest difference {difference:.1e}", flush=True)


def levels(mode):
    yield mode, IDS if mode == "image" else [*IDS, f"{mode}_id"]
    if mode != "image":
        yield "image", IDS


TRAINED_HERE = """
version = 1
name = "check-clinicadl-volumes"
steps.caps = {{ uses = "caps.open", with = {{ caps_directory = "../{caps}", participants_tsv = "../{caps}.tsv" }} }}
steps.images = {{ uses = "{extract}", in.caps = "caps", with = {{ {cut} }} }}
steps.labels = {{ uses = "labels.get", in.caps = "caps" }}
steps.folds = {{ uses = "split.kfold", in.labels = "split.train", with.n_splits = 2 }}
steps.predict = {{ uses = "predict", in.model = "train", in.images = "images", in.participants = "split.test" }}
steps.maps = {{ uses = "maps", in.models = "train", in.predictions = "predict", with.n_resamples = 100 }}

[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = {{ subset_name = "test", n_test = 4, p_age_threshold = 0.1, p_sex_threshold = 0.1 }}

[steps.train]
uses = "train.classification"
in.images = "images"
in.folds = "folds[0]"
with = {{ {training}, batch_size = 2, learning_rate = 1e-3 }}

[publish]
"maps" = "maps"
"test.tsv" = "split.test"
"""


def check_ours(name, mode, caps, extract, cut, training):
    """Networks of Gyrus, predicted with by ClinicaDL."""
    folder = WORK / f"ours-{name}"
    gyrus(folder, TRAINED_HERE.format(caps=caps, extract=extract, cut=cut, training=training))
    clinicadl("predict", folder / "maps", "again", "--caps_directory", WORK / caps,
              "--participants_tsv", folder / "test.tsv", "--no-gpu", "-np", 0)
    best = folder / "maps" / "split-0" / "best-loss"
    for level, keys in levels(mode):
        compare(f"ClinicaDL with our {name}, {level} level",
                best / f"test/test_{level}_level_prediction.tsv",
                best / f"again/again_{level}_level_prediction.tsv", keys)


PREDICTED_HERE = """
version = 1
name = "check-clinicadl-volumes"
steps.images = {{ uses = "caps.open", with = {{ caps_directory = "../{caps}", extract_json = "{extraction}" }} }}
steps.model = {{ uses = "maps.open", with = {{ maps_directory = "../{maps}", data_group = "test" }} }}
steps.predict = {{ uses = "predict", in.model = "model.model", in.images = "images", in.participants = "model.participants" }}
publish = {{ "predictions" = "predict" }}
"""


def check_theirs(name, mode, caps, extractions, options):
    """Networks of ClinicaDL, predicted with by Gyrus on tensors of ClinicaDL."""
    maps = WORK / f"theirs-{name}"
    clinicadl("train", "classification", WORK / caps, f"{extractions[0]}.json",
              WORK / f"{caps}-labels" / "split", maps, "--architecture", "Conv4_FC3",
              "--n_splits", 0, "--epochs", 1, "--batch_size", 2, "-lr", 0.003, "--no-gpu",
              "-np", 0, *options)
    if FIXTURES is not None:
        round_weights(maps)
    clinicadl("predict", maps, "test", "--caps_directory", WORK / caps,
              "--participants_tsv", WORK / f"{caps}-test.tsv", "--no-gpu", "-np", 0)
    best = maps / "split-0" / "best-loss"
    for extraction in extractions:
        folder = WORK / f"{maps.name}-{extraction}"
        gyrus(folder, PREDICTED_HERE.format(caps=caps, extraction=extraction, maps=maps.name))
        for level, keys in levels(mode):
            compare(f"Gyrus with ClinicaDL's {name} on {extraction}, {level} level",
                    folder / f"predictions/loss/{level}_level_prediction.tsv",
                    best / f"test/test_{level}_level_prediction.tsv", keys)
    if FIXTURES is not None:
        write_fixture(maps, FIXTURES / name)


def round_weights(maps):
    """Each large tensor to multiples of half its largest value."""
    for path in maps.glob("split-0/best-loss/*.pth.tar"):
        checkpoint = torch.load(path)
        for tensor in checkpoint["model"].values():
            if tensor.numel() > 1000:
                step = tensor.abs().max() / 2
                tensor.copy_((tensor / step).round() * step)
        torch.save(checkpoint, path)


make_caps(WORK, "small", **SMALL)
make_caps(WORK, "large", **LARGE)
patches = ["--patch_size", 20, "--stride_size", 8]
regions = ["--roi_list", "left", "--roi_list", "right"]
for caps, mode, extraction, options in [
    ("small", "image", "image", []),
    ("small", "patch", "patch", [*patches, "--save_features"]),
    ("small", "roi", "roi", [*regions, "--save_features"]),
    ("small", "roi", "roi_of_images", regions),
    ("large", "image", "image", []),
]:
    clinicadl("prepare-data", mode, WORK / caps, "t1-linear", "--extract_json", extraction, *options)

# ClinicaDL's command line has no size reduction, its configuration has.
reduced = WORK / "reduced.toml"
reduced.write_text("[Data]\nsize_reduction = true\nsize_reduction_factor = 5\n")
check_theirs("patch", "patch", "small", ["patch"], [])
check_theirs("roi", "roi", "small", ["roi", "roi_of_images"], ["--multi_network"])
check_theirs("image", "image", "small", ["image"], [])
check_theirs("reduced", "image", "large", ["image"], ["--config_file", reduced, "--epochs", 8])

conv4 = 'architecture = "Conv4_FC3"'
multi = f"{conv4}, epochs = 2, multi_network = true"
reduction = "size_reduction = true, size_reduction_factor = 5"
cut = {
    "patch": ("extract.patches", "patch_size = 20, stride_size = 8"),
    "roi": ("extract.rois", 'roi_list = ["left", "right"]'),
    "image": ("extract.images", ""),
}
for name, mode, caps, training in [
    ("image", "image", "small", 'architecture = "Conv5_FC3", epochs = 2'),
    ("reduced", "image", "large", f"{conv4}, epochs = 10, {reduction}"),
    ("patch", "patch", "small", f"{conv4}, epochs = 2"),
    ("patch-multi", "patch", "small", multi),
    ("roi", "roi", "small", f"{conv4}, epochs = 2"),
    ("roi-multi", "roi", "small", multi),
]:
    check_ours(name, mode, caps, *cut[mode], training)
print("ClinicaDL predicts with our networks of volumes, and we with its own")
