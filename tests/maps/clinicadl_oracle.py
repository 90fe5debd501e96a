"""What the checks on volumes share: synthetic volumes in a CAPS, and calls of ClinicaDL and Gyrus."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
STEM = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1"
IDS = ["participant_id", "session_id"]
REGIONS = {"left": [(2, 20), (4, 21), (3, 17)], "right": [(9, 27), (6, 23), (5, 19)]}


def volume(index, shape):
    """Noise with a ball whose contrast depends on the diagnosis. The tests make the same voxels."""
    x, y, z = np.ogrid[tuple(slice(extent) for extent in shape)]
    noise = x * x * 3 + y * y * 5 + z * z * 7 + x * y * z + (index + 1) * (x * 11 + y * 13 + z * 17)
    distance = sum((axis - extent // 2) ** 2 for axis, extent in zip((x, y, z), shape))
    ball = distance < (36 + index % 7 * 8) * (shape[2] // 24) ** 2
    return (noise % 97 + 60 * (index % 2) * ball).astype(np.uint8)


def make_caps(work, name, shape, people, tested, validated=4):
    """A CAPS with masks, and tables of those to train with, to validate with and to test."""
    caps = work / name
    rows = []
    for index in range(people):
        participant = f"sub-{index:02d}"
        folder = caps / "subjects" / participant / "ses-M000" / "t1_linear"
        folder.mkdir(parents=True)
        image = nibabel.Nifti1Image(volume(index, shape), np.eye(4))
        nibabel.save(image, folder / f"{participant}_ses-M000_{STEM}_T1w.nii.gz")
        sex, diagnosis = "MMFF"[index % 4], ["AD", "CN"][index % 2]
        rows.append([participant, "ses-M000", 60 + index % 9, sex, diagnosis])
    masks = caps / "masks" / "tpl-MNI152NLin2009cSym"
    masks.mkdir(parents=True)
    for region, box in REGIONS.items():
        mask = np.zeros(shape, np.uint8)
        mask[tuple(slice(*bounds) for bounds in box)] = 1
        file = f"tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-{region}_mask.nii.gz"
        nibabel.save(nibabel.Nifti1Image(mask, np.eye(4)), masks / file)
    table = pd.DataFrame(rows, columns=[*IDS, "age", "sex", "diagnosis"])
    known = table[: people - tested]
    write_tsv(work / f"{name}.tsv", table)
    write_tsv(work / f"{name}-test.tsv", table[people - tested :])
    labels = work / f"{name}-labels"
    write_tsv(labels / "train.tsv", known)
    for file in ("train", "train_baseline"):
        write_tsv(labels / "split" / f"{file}.tsv", known[:-validated])
    write_tsv(labels / "split" / "validation_baseline.tsv", known[-validated:])


def write_tsv(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False)


def run(*command):
    print("$", " ".join(map(str, command)), flush=True)
    subprocess.run(list(map(str, command)), check=True)


def clinicadl(*arguments):
    run(Path(sys.executable).parent / "clinicadl", *arguments)


def gyrus(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "workflow.toml").write_text(text)
    run("deno", "run", "-A", ROOT / "mod.ts", "run", folder / "workflow.toml")


def write_fixture(maps, target):
    """The files that maps.open reads; weights compressed."""
    shutil.rmtree(target, ignore_errors=True)
    description = json.loads((maps / "maps.json").read_text())
    description.update(caps_directory="", tsv_path="")
    target.mkdir(parents=True)
    (target / "maps.json").write_text(json.dumps(description, indent=4) + "\n")
    predictions = [
        *maps.glob("split-0/best-loss/validation/*_prediction.tsv"),
        *maps.glob("split-0/best-loss/test/*_prediction.tsv"),
    ]
    for path in [*maps.glob("groups/**/*.tsv"), *predictions]:
        copy = target / path.relative_to(maps)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    for path in maps.glob("split-0/best-loss/*.pth.tar"):
        copy = target / f"{path.relative_to(maps)}.gz"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
