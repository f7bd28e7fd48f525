#!/usr/bin/env python3
"""check_tensorboard.py TAPER TEST_EVENTS: trains a little with `TAPER train --events`, lets TEST_EVENTS write a file of all
kinds by hand, and reads both with TensorBoard's own reader, which checks every checksum. Exit status 77 where TensorBoard is
not installed."""
import glob
import json
import math
import struct
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2
except ImportError:
    print("tensorboard is not installed (pip install tensorboard): skipped")
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    run = folder + "/run"
    subprocess.run([sys.argv[1], "train", "--limit", "200", "--test-limit", "50", "--val-count", "40",
                    "--epochs", "3", "--events", "--no-plots", "--quiet", "--out", run], check=True)
    files = glob.glob(run + "/events/events.out.tfevents.*")
    assert len(files) == 1, files
    read = EventAccumulator(files[0], size_guidance={"histograms": 0, "scalars": 0})
    read.Reload()
    history = [json.loads(line) for line in open(run + "/history.jsonl")]
    names = {"loss/train": "train_loss", "loss/valid": "valid_loss", "accuracy/train": "train_accuracy",
             "accuracy/valid": "valid_accuracy", "lr": "lr"}
    for tag, name in names.items():
        events = read.Scalars(tag)
        assert [e.step for e in events] == [1, 2, 3], tag
        for event, epoch in zip(events, history):
            assert abs(event.value - epoch[name]) <= 1e-5 * abs(epoch[name]), (tag, event, epoch)
    weight = read.Histograms("1.weight")
    assert len(weight) == 3 and weight[0].histogram_value.num == 784 * 128
    assert sum(weight[0].histogram_value.bucket) == 784 * 128
    content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert start.hparams["epochs"].number_value == 3
    assert start.hparams["optimizer"].string_value == "Adam", start

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.argv[2], "--write", folder], check=True)
    read = EventAccumulator(folder, size_guidance={"histograms": 0, "scalars": 0, "images": 0, "tensors": 0})
    read.Reload()
    assert [(e.step, round(e.value, 6)) for e in read.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, 0.333333)]
    assert read.Scalars("odd")[0].step == 7 and math.isnan(read.Scalars("odd")[0].value)
    for tag, width, height in (("picture", 3, 2), ("colour", 5, 4)):
        (image,) = read.Images(tag)
        png = image.encoded_image_string
        assert (image.step, image.width, image.height) == (2, width, height), image
        assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (width, height)
    (text,) = read.Tensors("note")
    assert text.step == 1 and text.tensor_proto.string_val[0].decode() == "# caf\u00e9\nline"
    assert read.SummaryMetadata("note").plugin_data.plugin_name == "text"
    (weights,) = read.Histograms("weights")
    assert weights.step == 4 and weights.histogram_value.num == 6 and weights.histogram_value.min == -3
    content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert start.hparams["lr"].number_value == 0.25 and start.hparams["optimizer"].string_value == "adam"
print("TensorBoard reads both files: the values of history.jsonl, and scalars, pictures, texts and histograms by hand")
