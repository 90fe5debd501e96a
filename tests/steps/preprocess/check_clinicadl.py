"""Lets ClinicaDL 1.6.1 extract tensors from a CAPS that preprocess.t1_linear published.

    python check_clinicadl.py CAPS FOLDER     (CAPS is copied into FOLDER, which must not exist)

Needs ClinicaDL 1.6.1. Proven: `clinicadl prepare-data image` finds every image, and its tensors are
our voxels, bit by bit, on the grid of Clinica's crop.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import torch

SHAPE, ORIGIN = (169, 208, 179), [-84, -119, -78]
PATTERN = "subjects/*/*/t1_linear/*_space-MNI152NLin2009cSym_desc-Crop_res-1x1x1_T1w.nii.gz"

caps = Path(sys.argv[2])
shutil.copytree(sys.argv[1], caps)
clinicadl = Path(sys.executable).with_name("clinicadl")
command = [clinicadl, "prepare-data", "image", caps, "t1-linear", "--extract_json", "images"]
subprocess.run(command, check=True)
images = sorted(caps.glob(PATTERN))
assert images, f"{sys.argv[1]} has no image"
for path in images:
    image = nibabel.load(path)
    assert image.shape == SHAPE and np.array_equal(np.diag(image.affine), [1, 1, 1, 1])
    assert np.array_equal(image.affine[:3, 3], ORIGIN)
    folder = path.parents[1] / "deeplearning_prepare_data" / "image_based" / "t1_linear"
    tensor = torch.load(folder / path.name.replace(".nii.gz", ".pt"))
    assert tensor.dtype == torch.float32 and tuple(tensor.shape) == (1, *SHAPE)
    assert np.array_equal(tensor[0].numpy(), image.get_fdata(dtype="float32"))
print(f"ClinicaDL read {len(images)} images as they are")
