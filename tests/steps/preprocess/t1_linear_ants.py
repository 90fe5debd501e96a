"""What Clinica's t1-linear asks of ANTs for one head, for t1_linear_bench.ts.

    python t1_linear_ants.py SPLINE_DISTANCE TEMPLATE HEAD FOLDER

Writes FOLDER/field.nii.gz, the multiplicative bias field (1 where the head is not positive), and
FOLDER/registered.nii.gz, the head without the field on the template's grid. Prints one JSON object:
"affine" (template's mm to head's mm, RAS, 16 values row by row), "field_s" and "registration_s" by the
clock, "processor_s" of both, and "peak_mb".

antsRegistration is called directly, with the arguments of antsRegistrationSyNQuick -t a: the Python
function ants.registration ignores some of them. ITK takes its number of threads from
ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS.
"""

import json
import resource
import sys
import time
from pathlib import Path

import ants
import numpy as np
from ants.internal import get_lib_fn, get_pointer_string, process_arguments

# Which voxels of a regular grid are samples depends on it.
SEED = 1

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def correct(head, distance):
    """The head without its bias field; apart from the knots with the defaults of the program N4."""
    convergence = {"iters": [50] * 4, "tol": 0}
    return ants.n4_bias_field_correction(head, spline_param=distance, convergence=convergence)


def field_between(head, corrected):
    values, without = head.numpy(), corrected.numpy()
    known = (values > 0) & (without > 0)
    return head.new_image_like(np.divide(values, without, out=np.ones_like(values), where=known))


def register(template, head, folder):
    """Rigid, then affine, by mutual information; the registered head and the affine in RAS."""
    fixed, moving = template.clone("double"), head.clone("double")
    registered, inverse = fixed.clone(), moving.clone()
    images = [get_pointer_string(image) for image in (fixed, moving, registered, inverse)]
    prefix = str(folder / "ants_")
    arguments = ["--dimensionality", "3", "--float", "0", "--random-seed", str(SEED)]
    arguments += ["--initial-moving-transform", f"[{images[0]},{images[1]},1]"]
    arguments += ["--winsorize-image-intensities", "[0.005,0.995]"]
    arguments += ["--use-histogram-matching", "0"]
    arguments += ["--output", f"[{prefix},{images[2]},{images[3]}]"]
    for transform in ("Rigid", "Affine"):
        arguments += ["--transform", f"{transform}[0.1]"]
        arguments += ["--metric", f"MI[{images[0]},{images[1]},1,32,Regular,0.25]"]
        arguments += ["--convergence", "[1000x500x250x0,1e-6,10]"]
        arguments += ["--shrink-factors", "8x4x2x1", "--smoothing-sigmas", "3x2x1x0vox"]
    if get_lib_fn("antsRegistration")(process_arguments(arguments)) != 0:
        sys.exit("antsRegistration failed")
    return registered, to_ras(ants.read_transform(f"{prefix}0GenericAffine.mat"))


def to_ras(transform):
    """ITK's affine turns about a centre, in LPS: A (x - c) + c + t."""
    matrix = np.reshape(transform.parameters[:9], (3, 3))
    centre = np.array(transform.fixed_parameters)
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = transform.parameters[9:] + centre - matrix @ centre
    return LPS_TO_RAS @ affine @ LPS_TO_RAS


distance = int(sys.argv[1])
template, head = (ants.image_read(path) for path in sys.argv[2:4])
folder = Path(sys.argv[4])
before = time.process_time()
start = time.perf_counter()
corrected = correct(head, distance)
middle = time.perf_counter()
registered, affine = register(template, corrected, folder)
end = time.perf_counter()
processor = time.process_time() - before
ants.image_write(field_between(head, corrected), str(folder / "field.nii.gz"))
ants.image_write(registered, str(folder / "registered.nii.gz"))
answer = {
    "affine": affine.ravel().tolist(),
    "field_s": middle - start,
    "registration_s": end - middle,
    "processor_s": processor,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(json.dumps(answer))
