/** The workflow that `gyrus new DIR` writes: small enough to run in minutes, complete enough to grow. */
import { toml } from "./toml_text.ts";

/** What the new workflow learns from: a generated data set, or a folder of images. */
export type StarterData =
  | { kind: "generated" }
  /** @param folder as the workflow names it */
  | { kind: "caps" | "bids"; folder: string };

/** @param name name of the new workflow; the folder's as a rule */
export function starterWorkflow(name: string, data: StarterData = { kind: "generated" }): string {
  return `#:schema ./schema.json
# A Gyrus workflow: steps, their inputs (in) and their parameters (with).
#
#   gyrus check FILE     finds every mistake, with its line
#   gyrus plan FILE      lists what would run, and why
#   gyrus run FILE       runs what the cache doesn't have
#   gyrus steps NAME     describes a step and its parameters
version = 1
name    = ${JSON.stringify(name)}

# Values used in several places. Try: gyrus run FILE --set params.n_splits=5
[params]
seed     = 42
n_splits = 2

# Reaches every step that declares the parameter.
[defaults]
with.seed = "\${params.seed}"

${dataSteps(data)}

[steps.labels]
uses    = "labels.get"
in.caps = "caps"
with    = { diagnoses = ["AD", "CN"] }${
    data.kind === "generated" ? "" : "   # as the tables of the data set spell them"
  }

# Test participants: nothing is trained or selected on them.
[steps.split]
uses      = "split.holdout"
in.labels = "labels"
with      = { subset_name = "test", n_test = 0.25 }

[steps.folds]
uses      = "split.kfold"
in.labels = "split.train"
with      = { n_splits = "\${params.n_splits}", stratification = "diagnosis" }

# One instance for each value of the matrix: train[fold=0], train[fold=1], ...
[steps.train]
uses        = "train.classification"
matrix.fold = { range = "\${params.n_splits}" }
in.images   = "slices"
in.folds    = "folds[\${matrix.fold}]"
with        = { architecture = "resnet18", epochs = 2, learning_rate = 1e-4 }

[steps.predict]
uses            = "predict"
matrix          = "train"       # the same axes
in.model        = "train"       # of the same fold
in.images       = "slices"
in.participants = "split.test"

[steps.evaluate]
uses           = "evaluate"
in.predictions = "predict[*]"   # all folds

# Copies of outputs, relative to this file. An output of a matrix names its axes in the path.
[publish]
"results/report.html"             = "report"         # of the run: open it in a browser
"results/metrics.tsv"             = "evaluate.table"
"results/models/\${matrix.fold}" = "train"
`;
}

function dataSteps(data: StarterData): string {
  switch (data.kind) {
    case "generated":
      return `# A small generated data set, so that this file runs unchanged. For your own data call
# gyrus new DIR --caps FOLDER, or --bids FOLDER.
[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 8, image_size = 64 }

[steps.slices]
uses    = "extract.slices"
in.caps = "caps"
with    = { slice_direction = 2, slice_mode = "rgb", discarded_slices = [24, 24] }`;
    case "caps":
      return `# Images that Clinica has registered and cropped, with their participants.
[steps.caps]
uses = "caps.open"
with = { caps_directory = ${toml(data.folder)}, preprocessing = "t1-linear" }

# Nine of the 169 sagittal slices, to begin with; [0, 0] takes all.
[steps.slices]
uses    = "extract.slices"
in.caps = "caps"
with    = { slice_direction = 0, slice_mode = "rgb", discarded_slices = [80, 80] }`;
    case "bids":
      return `# Raw images with their participants.tsv.
[steps.caps]
uses = "bids.open"
with = { bids_directory = ${toml(data.folder)}, modality = "t1" }

# Raw images differ in grid: all are resampled to one of 2 mm about the centre of each. Nine of its
# 96 axial slices, to begin with.
[steps.slices]
uses    = "extract.slices"
in.caps = "caps"

[steps.slices.with]
slice_direction  = 2
slice_mode       = "rgb"
discarded_slices = [43, 44]
target_shape     = [96, 112, 96]
target_spacing   = 2`;
  }
}
