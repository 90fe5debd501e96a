"""Lets ClinicaDL 1.6.1 use MAPS that we wrote, and opens one that it trained.

    python check_clinicadl.py FOLDER     (an empty folder to work in)

Needs ClinicaDL 1.6.1 with PyTorch 2.1.2, SciPy 1.11 (its own calls fail with 1.17), and deno on the
path; takes eight minutes on two processors. Nothing of ClinicaDL is replaced;
two things are laid ready:

- its resnet18 downloads torchvision's ImageNet weights when it is built, only to overwrite them, so
  a file of that name with random weights waits in the folder that TORCH_HOME names;
- it looks images up by the name of their NIfTI file, so that empty files of these names stand
  beside the tensors that it reads.

Proven: `clinicadl predict` on a new data group and, by name, on one that we predicted, `clinicadl
interpret` with gradients and Grad-CAM, both for single networks; `predict` for multiple networks;
probabilities and image-level votes equal to PyTorch's; `maps.open` of a MAPS that `clinicadl train`
wrote; and the whole way: check_clinicadl.toml trains and predicts on the device here, ClinicaDL cuts
the same CAPS into slices itself and predicts with the published MAPS, which state the number of
slices, so that no whole image is needed to count them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torchvision

WORK = Path(sys.argv[1]).resolve()
WORK.mkdir(parents=True, exist_ok=True)
os.environ["TORCH_HOME"] = str(WORK / "torch")
HERE = Path(__file__).parent
CAPS = WORK / "caps"
SIZE = (5, 40, 36)
LABELS = {"AD": 0, "CN": 1}
STEM = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1_T1w"
generator = np.random.default_rng(5)
torch.manual_seed(5)


def make_caps():
    """Random volumes of 16 participants; returns their table."""
    rows = []
    for index in range(16):
        participant, session = f"sub-{index:02d}", "ses-M000"
        folder = CAPS / "subjects" / participant / session
        (folder / "t1_linear").mkdir(parents=True)
        name = f"{participant}_{session}_{STEM}"
        (folder / "t1_linear" / f"{name}.nii.gz").touch()
        tensors = folder / "deeplearning_prepare_data" / "image_based" / "t1_linear"
        tensors.mkdir(parents=True)
        torch.save(torch.rand(1, *SIZE), tensors / f"{name}.pt")
        rows.append([participant, session, 60 + index, "MF"[index % 2], ["AD", "CN"][index % 2]])
    return pd.DataFrame(
        rows, columns=["participant_id", "session_id", "age", "sex", "diagnosis"]
    )


def slices(row, elements):
    """[elements, 3, H, W], min-max normalised."""
    name = f"{row.participant_id}_{row.session_id}"
    folder = CAPS / "subjects" / row.participant_id / row.session_id
    path = folder / f"deeplearning_prepare_data/image_based/t1_linear/{name}_{STEM}.pt"
    images = torch.load(path)[0, elements]
    low, high = images.amin((1, 2), True), images.amax((1, 2), True)
    return ((images - low) / (high - low)).unsqueeze(1).repeat(1, 3, 1, 1)


def randomise(network):
    """Weights and running statistics with which probabilities vary."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def resnet18(head):
    """Our names and PyTorch's own network: torchvision's, with ClinicaDL's head or a plain one."""
    trunk = torchvision.models.resnet18(num_classes=1000 if head == "clinicadl" else 2)
    if head == "linear":
        return randomise(trunk)
    trunk.fc_out = torch.nn.Linear(1000, 2)
    forward = trunk.forward
    trunk.forward = lambda images: trunk.fc_out(forward(images))
    return randomise(trunk)


def conv5_fc3():
    from clinicadl.utils.network import Conv5_FC3

    return randomise(Conv5_FC3((3, *SIZE[1:]), gpu=False, output_size=2, dropout=0))


def predict(networks, table, elements, labels=True):
    """The element-level table of our artifacts."""
    rows = []
    with torch.no_grad():
        for row in table.itertuples():
            images = slices(row, elements)
            for k, element in enumerate(elements):
                network = networks[k % len(networks)]
                probabilities = torch.softmax(network(images[k : k + 1])[0], 0).tolist()
                truth = LABELS[row.diagnosis] if labels else None
                rows.append(
                    [row.participant_id, row.session_id, element, truth,
                     int(np.argmax(probabilities)), *probabilities]
                )
    columns = ["participant_id", "session_id", "slice_id", "true_label", "predicted_label"]
    return pd.DataFrame(rows, columns=[*columns, "proba0", "proba1"])


def vote(group, validation):
    """Soft voting by its definition."""
    right = validation.true_label == validation.predicted_label
    accuracy = right.groupby(validation.slice_id).mean()
    weighted = group[["proba0", "proba1"]].mul(group.slice_id.map(accuracy), axis=0) / accuracy.sum()
    images = weighted.groupby([group.participant_id, group.session_id]).sum().reset_index()
    truth = group.groupby(["participant_id", "session_id"]).true_label.first().reset_index(drop=True)
    images.insert(2, "slice_id", 0)
    images.insert(3, "true_label", truth)
    images.insert(4, "predicted_label", (images.proba1 > images.proba0).astype(int))
    return images


def write_tsv(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, na_rep="n/a")


def make_artifacts(name, architecture, build, discarded, multi_network, table):
    """Two splits' models and predictions as training and prediction steps would store them."""
    elements = list(range(discarded, SIZE[0] - discarded))
    participants = table.assign(cohort="single", source_digest="sha256-0")
    expected = {}
    for split in (0, 1):
        networks = [build() for _ in (elements if multi_network else [0])]
        train = participants[split : 6 + split].assign(role="train")
        validation = pd.concat([participants[:split], participants[6 + split : 10]])
        validation = validation.assign(role="validation")
        test = participants[10:13]
        model, predictions = WORK / name / f"model-{split}", WORK / name / f"predictions-{split}"
        model.mkdir(parents=True)
        for k, network in enumerate(networks):
            file = f"network-{k}.pt" if multi_network else "model.pt"
            (model / "best-loss").mkdir(exist_ok=True)
            torch.save(network.state_dict(), model / "best-loss" / file)
            log = [[epoch, 3, 1 / (epoch + 1), 2 / (epoch + 1)] for epoch in range(2)]
            columns = ["epoch", "iteration", "loss_train", "loss_valid"]
            folder = model / f"network-{k}" if multi_network else model
            write_tsv(folder / "training.tsv", pd.DataFrame(log, columns=columns))
        write_tsv(model / "participants.tsv", pd.concat([train, validation]))
        reference = predict(networks, validation, elements)
        for group, rows in (("train", train), ("validation", validation)):
            prediction = predict(networks, rows, elements)
            best = model / "best-loss"
            write_tsv(best / f"{group}_slice_level_prediction.tsv", prediction)
            write_tsv(best / f"{group}_image_level_prediction.tsv", vote(prediction, reference))
        prediction = predict(networks, test, elements)
        write_tsv(predictions / "participants.tsv", test)
        write_tsv(predictions / "loss" / "slice_level_prediction.tsv", prediction)
        write_tsv(predictions / "loss" / "image_level_prediction.tsv", vote(prediction, reference))
        holdout = predict(networks, participants[13:], elements)
        expected[split] = {
            "test": (prediction, vote(prediction, reference)),
            "holdout": (holdout, vote(holdout, reference)),
        }
        common = {
            "task": "classification",
            "mode": "slice",
            "multi_network": multi_network,
            "output_size": 2,
            "label": "diagnosis",
            "label_code": LABELS,
            "selection_metrics": ["loss"],
            "split": split,
        }
        extraction = {
            "preprocessing": "t1-linear",
            "mode": "slice",
            "use_uncropped_image": False,
            "prepare_dl": False,
            "extract_json": "slices",
            "slice_direction": 0,
            "slice_mode": "rgb",
            "discarded_slices": [discarded, discarded],
            "file_type": {
                "pattern": f"*{STEM}.nii.gz",
                "description": "T1w image",
                "needed_pipeline": "t1-linear",
            },
        }
        meta = {
            **common,
            "architecture": architecture,
            "elements": elements,
            "input_shape": [3, *SIZE[1:]],
            "n_splits": 2,
            "initial_weights": "random",
            "extraction": extraction,
            "leakage_checkable": True,
            "parameters": {
                "loss": "CrossEntropyLoss", "batch_size": 4, "normalize": True, "dropout": 0,
            },
        }
        (model / "meta.json").write_text(json.dumps(meta))
        group = {**common, "data_group": "test", "voting": "soft", "selection_threshold": 0}
        (predictions / "meta.json").write_text(json.dumps(group))
    return expected


def run(*command):
    print("$", " ".join(map(str, command)), flush=True)
    subprocess.run(list(map(str, command)), check=True)


def clinicadl(*arguments):
    run(Path(sys.executable).parent / "clinicadl", *arguments)


def compare(actual_path, expected, keys):
    actual = pd.read_csv(actual_path, sep="\t").sort_values(keys).reset_index(drop=True)
    expected = expected.sort_values(keys).reset_index(drop=True)
    assert list(actual.columns) == list(expected.columns), (actual.columns, expected.columns)
    assert actual[keys].equals(expected[keys])
    assert (actual.true_label == expected.true_label).all()
    difference = (actual[["proba0", "proba1"]] - expected[["proba0", "proba1"]]).abs().max().max()
    assert difference < 1e-5, (actual_path, difference)
    print(f"  {actual_path.relative_to(WORK)}: largest difference {difference:.1e}")


def check(name, expected, table, interpret):
    maps = WORK / name / "maps"
    run("deno", "run", "-A", HERE / "check_clinicadl.ts", "write", WORK / name, CAPS)
    write_tsv(WORK / "holdout.tsv", table[13:])
    clinicadl("predict", maps, "holdout", "--caps_directory", CAPS,
              "--participants_tsv", WORK / "holdout.tsv", "--no-gpu", "-np", 0)
    clinicadl("predict", maps, "test", "--no-gpu", "-np", 0)
    for split, groups in expected.items():
        for group, (elements, images) in groups.items():
            folder = maps / f"split-{split}" / "best-loss" / group
            ids = ["participant_id", "session_id"]
            compare(folder / f"{group}_slice_level_prediction.tsv", elements, [*ids, "slice_id"])
            compare(folder / f"{group}_image_level_prediction.tsv", images, ids)
    if interpret:
        for method in ("gradients", "grad-cam"):
            clinicadl("interpret", maps, "test", method, method, "--save_individual",
                      "--no-gpu", "-np", 0, "--selection_metrics", "loss",
                      *(["--level_grad_cam", 8] if method == "grad-cam" else []))
            found = list(maps.glob(f"split-*/best-loss/test/interpret-{method}/*_map.pt"))
            assert len(found) == 2 * (3 * SIZE[0] + SIZE[0]), len(found)


def check_workflow():
    """ClinicaDL's predictions with networks that were trained here, against our own."""
    folder = WORK / "workflow"
    folder.mkdir()
    shutil.copy(HERE / "check_clinicadl.toml", folder / "workflow.toml")
    run("deno", "run", "-A", HERE.parents[1] / "mod.ts", "run", folder / "workflow.toml")
    clinicadl("prepare-data", "slice", folder / "caps", "t1-linear", "--save_features",
              "--slice_direction", 2, "--slice_mode", "rgb", "--discarded_slices", 18,
              "--discarded_slices", 19, "--extract_json", "slices")
    keys = ["participant_id", "session_id", "slice_id"]
    for maps in sorted(folder.glob("*-*")):
        clinicadl("predict", maps, "again", "--caps_directory", folder / "caps",
                  "--participants_tsv", folder / "test.tsv", "--no-gpu", "-np", 0)
        for split in (0, 1):
            for level in ("slice", "image"):
                group = maps / f"split-{split}" / "best-loss"
                ours = pd.read_csv(group / f"test/test_{level}_level_prediction.tsv", sep="\t")
                compare(group / f"again/again_{level}_level_prediction.tsv", ours, keys)


def check_trained(table):
    """A MAPS that ClinicaDL itself trains, opened by us."""
    labels = WORK / "labels"
    for split in (0, 1):
        folder = labels / "2_fold" / f"split-{split}"
        write_tsv(folder / "train.tsv", table[split : 6 + split])
        write_tsv(folder / "train_baseline.tsv", table[split : 6 + split])
        write_tsv(folder / "validation_baseline.tsv", table[8:10])
    write_tsv(labels / "train.tsv", table[:10])
    extraction = json.loads((WORK / "conv5/model-0/meta.json").read_text())["extraction"]
    (CAPS / "tensor_extraction").mkdir()
    (CAPS / "tensor_extraction" / "slices.json").write_text(json.dumps(extraction))
    maps = WORK / "trained"
    clinicadl("train", "classification", CAPS, "slices.json", labels / "2_fold", maps,
              "--n_splits", 2, "--epochs", 1, "--no-gpu", "-np", 0)
    clinicadl("predict", maps, "test", "--caps_directory", CAPS,
              "--participants_tsv", WORK / "holdout.tsv", "--no-gpu", "-np", 0)
    for split in (0, 1):
        opened = WORK / f"opened-{split}"
        run("deno", "run", "-A", HERE / "check_clinicadl.ts", "open", maps, split, opened)
        ours = torch.load(opened / "best-loss" / "model.pt", weights_only=True)
        theirs = torch.load(maps / f"split-{split}" / "best-loss" / "model.pth.tar")["model"]
        assert list(ours) == list(theirs)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        participants = pd.read_csv(opened / "participants.tsv", sep="\t")
        roles = participants.groupby("role").participant_id.apply(list)
        assert roles["train"] == list(table.participant_id[split : 6 + split])
        assert roles["validation"] == list(table.participant_id[8:10])
        assert set(participants.participant_id) == set(table.participant_id[:10])
        group = pd.read_csv(opened / "group.tsv", sep="\t")
        assert list(group.participant_id) == list(table.participant_id[13:])
        for file in ("validation_slice_level_prediction.tsv", "train_image_level_prediction.tsv"):
            theirs = pd.read_csv(maps / f"split-{split}/best-loss/{file.split('_')[0]}/{file}", sep="\t")
            pd.testing.assert_frame_equal(
                pd.read_csv(opened / "best-loss" / file, sep="\t"), theirs, check_exact=True
            )


hub = WORK / "torch" / "hub" / "checkpoints"
hub.mkdir(parents=True)
torch.save(torchvision.models.resnet18().state_dict(), hub / "resnet18-5c106cde.pth")
people = make_caps()
cases = [
    ("resnet18", "resnet18", lambda: resnet18("clinicadl"), 0, False),
    ("linear", "resnet18", lambda: resnet18("linear"), 1, False),
    ("conv5", "Conv5_FC3", conv5_fc3, 1, False),
    ("multi", "Conv5_FC3", conv5_fc3, 1, True),
]
for name, architecture, build, discarded, multi_network in cases:
    expectation = make_artifacts(name, architecture, build, discarded, multi_network, people)
    check(name, expectation, people, interpret=discarded == 0)
check_trained(people)
check_workflow()
print("ClinicaDL reads our MAPS, and we read its own")
