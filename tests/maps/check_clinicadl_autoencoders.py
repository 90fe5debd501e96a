"""Lets ClinicaDL 1.6.1 and Gyrus reconstruct with each other's autoencoders.

    python check_clinicadl_autoencoders.py FOLDER [FIXTURES]     (FOLDER: an empty folder to work in)

Needs ClinicaDL 1.6.1 with PyTorch 2.1.2, and deno on the path. Nothing of ClinicaDL is replaced. Its
Vanilla3DdenseVAE draws the latent at random even when it predicts; before either side predicts, the layer of
the variances is set to exp(-100), so that what it draws is the mean.

Proven, with outputs within 1e-4 of each other, and MAE, RMSE, PSNR and SSIM of the tables within 1e-3 relative:

- `clinicadl predict` with the MAPS of autoencoders that were trained here;
- `predict` here with a MAPS that `clinicadl train reconstruction` wrote.

CASES lists the networks: all that ClinicaDL constructs but CVAE_3D. SSIM of slices of one channel is left out,
since 1.6.1 fails on it. With FIXTURES, the MAPS of `clinicadl train` are written there for the tests, with every
61st output voxel; of large weights only the largest hundredths are left, as one number and its negative, before
ClinicaDL predicts with them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from clinicadl_oracle import IDS, clinicadl, gyrus, make_caps, write_fixture

WORK = Path(sys.argv[1]).resolve()
FIXTURES = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
TOLERANCE = 1e-4
METRICS = ["MAE", "RMSE", "PSNR", "SSIM"]

CAPS = {
    "small": {"shape": (28, 32, 24), "people": 14, "tested": 2},
    # The least sides at which instance normalisation has more than one voxel.
    "cube": {"shape": (64, 64, 64), "people": 6, "tested": 1, "validated": 2},
    "large": {"shape": (169, 208, 179), "people": 8, "tested": 2, "validated": 2},
}
EXTRACTIONS = {
    "image": ("image", []),
    "slice": ("slice", ["--slice_direction", 2, "--slice_mode", "rgb", "--discarded_slices", 10,
                        "--discarded_slices", 10, "--save_features"]),
    "patch": ("patch", ["--patch_size", 20, "--stride_size", 8, "--save_features"]),
}
CUTS = {
    "image": ("extract.images", ""),
    "slice": ("extract.slices", 'slice_direction = 2, slice_mode = "rgb", discarded_slices = [10, 10]'),
    "patch": ("extract.patches", "patch_size = 20, stride_size = 8"),
}

REDUCED = {"size_reduction": True, "size_reduction_factor": 5, "latent_space_size": 6}
VANILLA = {**REDUCED, "feature_size": 24, "n_conv": 3, "io_layer_channels": 4}
# Name: architecture, CAPS, mode, loss, options of the network, share of large weights that a fixture keeps.
CASES = {
    "ae_image": ("AE_Conv5_FC3", "small", "image", "MSELoss", {}, 0.01),
    "ae_patch": ("AE_Conv4_FC3", "small", "patch", "L1Loss", {}, None),
    "ae_slice": ("AE_Conv5_FC3", "small", "slice", "HuberLoss", {}, 0.01),
    "unet": ("GeneratorUNet", "cube", "image", "SmoothL1Loss", {}, None),
    "vanilla": ("Vanilla3DdenseVAE", "large", "image", "VAEBernoulliLoss", VANILLA, 0.04),
    "half": ("CVAE_3D_half", "large", "image", "VAEGaussianLoss", REDUCED, None),
    "final_conv": ("CVAE_3D_final_conv", "large", "image", "VAEBernoulliLoss", REDUCED, None),
}
ONLY = sys.argv[3].split(",") if len(sys.argv) > 3 else CASES


def config_text(loss, options):
    """ClinicaDL's configuration: its command line has neither the options nor the losses."""
    reduction = {key: value for key, value in options.items() if key.startswith("size_")}
    network = {key: value for key, value in options.items() if key not in reduction}
    return "".join(
        f"[{section}]\n" + toml(keys, "\n") + "\n"
        for section, keys in [("Architecture", network), ("Data", reduction),
                              ("Reconstruction", {"loss": loss})]
    )


def toml(keys, separator):
    values = {True: "true", False: "false"}
    text = lambda value: values[value] if isinstance(value, bool) else repr(value)
    return separator.join(f"{key} = {text(value)}" for key, value in keys.items())


def fix_latent(maps):
    """A variance of exp(-100): the latent of Vanilla3DdenseVAE is its mean."""
    for path in maps.glob("split-0/best-loss/*.pth.tar"):
        checkpoint = torch.load(path)
        if "var_layer.weight" not in checkpoint["model"]:
            continue
        checkpoint["model"]["var_layer.weight"].zero_()
        checkpoint["model"]["var_layer.bias"].fill_(-100)
        torch.save(checkpoint, path)


def thin_weights(maps, share):
    """Of each large tensor the largest share, with one absolute value, and zeros."""
    for path in maps.glob("split-0/best-loss/*.pth.tar"):
        checkpoint = torch.load(path)
        for tensor in checkpoint["model"].values():
            if tensor.numel() > 1000:
                least = tensor.abs().flatten().kthvalue(int((1 - share) * tensor.numel())).values
                # As large a sum of squares as of the tensor itself, so that values stay in their range.
                scale = tensor.square().sum().sqrt() / (tensor.abs() > least).sum().sqrt()
                tensor.copy_(tensor.sign() * (tensor.abs() > least) * scale)
        torch.save(checkpoint, path)


def write_outputs(folder, target):
    """Every 61st voxel of each output, by the name of its file."""
    outputs = {
        name: [float(f"{value:.6g}") for value in tensor.flatten()[::61].tolist()]
        for name, tensor in read_tensors(folder).items() if name.endswith("_output.pt")
    }
    (target / "outputs.json").write_text(json.dumps(outputs) + "\n")


def read_tensors(folder):
    return {path.name: torch.load(path) for path in sorted(folder.glob("*.pt"))}


def compare(name, mode, ours, theirs):
    """Tables and output tensors of two folders, by ClinicaDL's names."""
    keys = [*IDS, f"{mode}_id"]
    first, second = [pd.read_csv(path / table, sep="\t").sort_values(keys).reset_index(drop=True)
                     for path, table in (ours, theirs)]
    assert len(first) > 0 and first[keys].equals(second[keys]), (first, second)
    relative = ((first[METRICS] - second[METRICS]).abs() / second[METRICS].abs()).max().max()
    assert relative < 1e-3, (name, first, second)
    outputs, expected = [read_tensors(path / "tensors") for path, _ in (ours, theirs)]
    assert outputs.keys() == expected.keys() and len(outputs) == 2 * len(first), name
    worst = max((outputs[key].squeeze() - expected[key].squeeze()).abs().max().item()
                for key in outputs)
    assert worst < TOLERANCE, (name, worst)
    spread = np.std([value.numpy() for key, value in expected.items() if "output" in key], 0).max()
    print(f"  {name}: {len(first)} rows, outputs differ by {worst:.1e} at most (between elements by "
          f"{spread:.1e}), metrics by {relative:.1e} relative", flush=True)


HEADER = 'version = 1\nname = "check-clinicadl-autoencoders"\n'

TRAINED_HERE = HEADER + """
steps.caps = {{ uses = "caps.open", with = {{ caps_directory = "../{caps}", participants_tsv = "../{caps}.tsv" }} }}
steps.images = {{ uses = "{extract}", in.caps = "caps", with = {{ {cut} }} }}
steps.labels = {{ uses = "labels.get", in.caps = "caps" }}
steps.maps = {{ uses = "maps", in.models = "train", in.predictions = "predict", with.n_resamples = 100 }}

[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = {{ subset_name = "test", n_test = {tested}, ignore_demographics = true }}

[steps.parts]
uses = "split.holdout"
in.labels = "split.train"
with = {{ subset_name = "validation", n_test = 2, ignore_demographics = true }}

[steps.train]
uses = "train.reconstruction"
in.images = "images"
in.train = "parts.train"
in.validation = "parts.validation"
with = {{ {training} }}

[steps.predict]
uses = "predict"
in.model = "train"
in.images = "images"
in.participants = "split.test"
with.save_tensor = true

[publish]
"maps" = "maps"
"test.tsv" = "split.test"
"""


def check_ours(name, architecture, caps, mode, loss, options, _):
    """Autoencoders of Gyrus, with which ClinicaDL reconstructs."""
    folder = WORK / f"ours-{name}"
    extract, cut = CUTS[mode]
    training = {"architecture": architecture, "loss": loss, "epochs": 2, "batch_size": 2,
                "learning_rate": 1e-3, **options}
    gyrus(folder, TRAINED_HERE.format(caps=caps, extract=extract, cut=cut, training=toml(training, ", "),
                                      tested=CAPS[caps]["tested"]))
    fix_latent(folder / "maps")
    clinicadl("predict", folder / "maps", "again", "--caps_directory", WORK / caps, "--save_tensor",
              "--participants_tsv", folder / "test.tsv", "--no-gpu", "-np", 0)
    best = folder / "maps" / "split-0" / "best-loss"
    compare(f"ClinicaDL with our {name}", mode,
            (best / "test", f"test_{mode}_level_prediction.tsv"),
            (best / "again", f"again_{mode}_level_prediction.tsv"))


PREDICTED_HERE = HEADER + """
steps.images = {{ uses = "caps.open", with = {{ caps_directory = "../{caps}", extract_json = "{mode}" }} }}
steps.model = {{ uses = "maps.open", with = {{ maps_directory = "../{maps}", data_group = "test" }} }}
steps.predict = {{ uses = "predict", in.model = "model.model", in.images = "images", in.participants = "model.participants", with.save_tensor = true }}
publish = {{ "predictions" = "predict" }}
"""


def check_theirs(name, architecture, caps, mode, loss, options, share):
    """Autoencoders of ClinicaDL, with which Gyrus reconstructs what ClinicaDL prepared."""
    maps = WORK / f"theirs-{name}"
    config = WORK / f"{name}.toml"
    config.write_text(config_text(loss, options))
    # Two normalisations of CVAE_3D_half have no gradient, after which DistributedDataParallel refuses a second
    # step: ClinicaDL can train it for one.
    batch = 8 if architecture == "CVAE_3D_half" else 2
    clinicadl("train", "reconstruction", WORK / caps, f"{mode}.json", WORK / f"{caps}-labels" / "split",
              maps, "--architecture", architecture, "--config_file", config, "--n_splits", 0,
              "--epochs", 1 if caps == "large" else 3,
              "--batch_size", batch, "-lr", 0.003, "--no-gpu", "-np", 0)
    fix_latent(maps)
    if FIXTURES is not None and share is not None:
        thin_weights(maps, share)
    clinicadl("predict", maps, "test", "--caps_directory", WORK / caps, "--save_tensor",
              "--participants_tsv", WORK / f"{caps}-test.tsv", "--no-gpu", "-np", 0)
    folder = WORK / f"here-{name}"
    gyrus(folder, PREDICTED_HERE.format(caps=caps, mode=mode, maps=maps.name))
    compare(f"Gyrus with ClinicaDL's {name}", mode,
            (folder / "predictions" / "loss", f"{mode}_level_prediction.tsv"),
            (maps / "split-0" / "best-loss" / "test", f"test_{mode}_level_prediction.tsv"))
    if FIXTURES is not None and share is not None:
        write_fixture(maps, FIXTURES / name)
        write_outputs(maps / "split-0" / "best-loss" / "test" / "tensors", FIXTURES / name)


for name in {CASES[case][1] for case in ONLY}:
    if (WORK / name).exists():
        continue
    make_caps(WORK, name, **CAPS[name])
    for extraction, (mode, options) in EXTRACTIONS.items():
        if name == "small" or mode == "image":
            clinicadl("prepare-data", mode, WORK / name, "t1-linear", "--extract_json", extraction, *options)
for case in ONLY:
    check_theirs(case, *CASES[case])
    check_ours(case, *CASES[case])
print("ClinicaDL reconstructs with our autoencoders, and we with its own")
