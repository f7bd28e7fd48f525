"""What torchvision.transforms.functional makes of Pillow's pictures."""

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import InterpolationMode as Mode

from golden_writer import integers

MODES = {"nearest": Mode.NEAREST, "bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC}


def planes(image):
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    return torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


def write_rotate(out, x):
    image = Image.fromarray(x)
    for angle in (0, 30, -17.5, 90, 180, 270, 45, 200):
        for name, mode in MODES.items():
            for expand in (False, True):
                y = F.rotate(image, angle, mode, expand=expand, fill=[7, 100, 200])
                out.case(f"rotate/{angle},{name}" + (",expand" if expand else ""), angle=float(angle), mode=name, expand=expand)
                out.tensor("y", planes(y))
    y = F.rotate(image, 25, Mode.BILINEAR, center=[2, 3])
    out.case("rotate/centre", angle=25.0, mode="bilinear", centre=1)
    out.tensor("y", planes(y))


def write_affine(out, x):
    image = Image.fromarray(x)
    for angle, translate, scale, shear in (
        (0, (0, 0), 1.0, (0, 0)),
        (0, (2, -1), 1.0, (0, 0)),
        (0, (0, 0), 1.5, (0, 0)),
        (20, (1, 2), 0.7, (10, -5)),
        (-70, (0, 0), 1.2, (0, 30)),
    ):
        for name, mode in MODES.items():
            y = F.affine(image, angle, list(translate), scale, list(shear), mode, fill=[9, 8, 7])
            out.case(
                f"affine/{angle},{translate[0]},{scale},{shear[0]},{name}",
                angle=float(angle),
                mode=name,
                scale=scale,
                translate=translate,
                shear=shear,
            )
            out.tensor("y", planes(y))


def write_colours(out, x):
    image = Image.fromarray(x)
    for name in ("brightness", "contrast", "saturation"):
        for factor in (0.0, 0.3, 1.0, 1.7):
            out.case(f"{name}/{factor}", factor=factor)
            out.tensor("y", planes(getattr(F, "adjust_" + name)(image, factor)))
    for factor in (-0.5, -0.21, 0.0, 0.1, 0.5):
        out.case(f"hue/{factor}", factor=factor)
        out.tensor("y", planes(F.adjust_hue(image, factor)))
    for channels in (1, 3):
        out.case(f"grey/{channels}", channels=channels)
        out.tensor("y", planes(F.to_grayscale(image, channels)))


def write_parts(out, x):
    image = Image.fromarray(x)
    for mode in ("constant", "edge", "reflect", "symmetric"):
        out.case(f"pad/{mode}", padding=(3, 1, 2, 4))
        out.tensor("y", planes(F.pad(image, [3, 1, 2, 4], [5, 6, 7] if mode == "constant" else 0, mode)))
    for height, width in ((4, 5), (5, 4), (20, 3), (15, 16)):
        out.case(f"centre/{height}x{width}", height=height, width=width)
        out.tensor("y", planes(F.center_crop(image, [height, width])))
    out.case("crop/outside", top=-2, left=3, height=6, width=12)
    out.tensor("y", planes(F.crop(image, -2, 3, 6, 12)))
    out.case("hflip")
    out.tensor("y", planes(F.hflip(image)))
    out.case("vflip")
    out.tensor("y", planes(F.vflip(image)))
    out.case("normalise")
    y = F.normalize(F.to_tensor(image), [0.5, 0.25, 0.125], [0.25, 0.5, 2.0])
    out.tensor("y", y)


def write(out):
    x = integers((9, 11, 3), 0, 256, torch.uint8).numpy()
    out.case("input")
    out.tensor("x", planes(x))
    write_rotate(out, x)
    write_affine(out, x)
    write_colours(out, x)
    write_parts(out, x)
