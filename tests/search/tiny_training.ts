/** Steps of a workflow whose search takes seconds: a training on tiny phantoms in two folds. */
export const tinyTraining = (epochs: number) =>
  `[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 12, image_size = 16, strength = 2 }
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slices = [7, 8] }
[steps.labels]
uses = "labels.get"
in.caps = "caps"
with.diagnoses = ["AD", "CN"]
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 2
[steps.train]
uses = "train.classification"
matrix.fold = { range = 2 }
in.images = "slices"
in.folds = "folds[\${matrix.fold}]"
with = { batch_size = 8, epochs = ${epochs}, architecture = "Stride_Conv5_FC3" }
`;
