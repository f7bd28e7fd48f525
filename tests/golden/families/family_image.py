"""Files of pictures and what is in them, by Pillow or by the writers below; and Pillow's resize."""

import io
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageOps

from golden_writer import integers


def rng_bytes(shape):
    return integers(shape, 0, 256, torch.uint8).numpy()


def picture(channels, height, width):
    """Smooth with some noise, so that JPEG has something to do: (height, width, channels) uint8."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    smooth = 128 + 90 * np.sin(x / 5 + c) * np.cos(y / 4 - c)
    noise = rng_bytes((height, width, channels)).astype(float) / 8
    return np.clip(smooth + noise - 16, 0, 255).astype(np.uint8)


def planes(array):
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[:, :, None]
    return torch.tensor(np.ascontiguousarray(array.transpose(2, 0, 1)))


def write_file(out, name, data, array, **options):
    out.case(name, **options)
    out.tensor("file", torch.tensor(list(data), dtype=torch.uint8))
    out.tensor("y", planes(array))


# PNG of every kind, by the rules of its specification.

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack_row(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", int(v)) for v in samples)
    bits = "".join(format(int(v), f"0{depth}b") for v in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filter_row(kind, row, above, step):
    made = bytearray()
    for i, v in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        guess = (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]
        made.append((v - guess) % 256)
    return bytes([kind]) + bytes(made)


def pack_image(samples, depth, color):
    """Rows of samples (height, width, channels), each with another filter."""
    step = max(1, depth * CHANNELS[color] // 8)
    data, above = b"", None
    for y, row in enumerate(samples.reshape(samples.shape[0], -1)):
        packed = pack_row(row, depth)
        data += filter_row((y + 4) % 5, packed, above or bytes(len(packed)), step)
        above = packed
    return data


def make_png(samples, depth, color, interlaced=False, extra=b"", pieces=1):
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES]
        data = b"".join(pack_image(p, depth, color) for p in parts if p.size)
    else:
        data = pack_image(samples, depth, color)
    packed = zlib.compress(data, 9)
    cut = [len(packed) * i // pieces for i in range(pieces + 1)]
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    body = b"".join(chunk(b"IDAT", packed[a:b]) for a, b in zip(cut, cut[1:]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + body + chunk(b"IEND", b"")


def write_png(out):
    palette = rng_bytes((16, 3))
    plte = chunk(b"PLTE", palette.tobytes())
    for color, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            for interlaced in (False, True):
                samples = rng_bytes((7, 9, CHANNELS[color])).astype(np.int64)
                if depth == 16:
                    samples = samples * 256 + rng_bytes(samples.shape)
                samples %= 2**depth
                if color == 3:
                    want = palette[samples[:, :, 0]]
                elif depth == 16:
                    want = samples >> 8
                else:
                    want = samples * 255 // (2**depth - 1)
                data = make_png(samples, depth, color, interlaced, plte if color == 3 else b"")
                mode = {0: None, 2: "RGB", 3: "RGB", 4: "LA", 6: "RGBA"}[color]
                if mode and not (color == 4 and depth == 16):
                    assert (np.asarray(Image.open(io.BytesIO(data)).convert(mode)) == want).all()
                name = f"png/{color},{depth}" + (",interlaced" if interlaced else "")
                write_file(out, name, data, want.astype(np.uint8))
    samples = rng_bytes((6, 5, 1)).astype(np.int64) % 16
    want = palette[samples[:, :, 0]]
    data = make_png(samples, 8, 3, extra=plte, pieces=3)
    write_file(out, "png/palette_8_in_pieces", data, want)
    alpha = rng_bytes((7,))
    data = make_png(samples, 8, 3, extra=plte + chunk(b"tRNS", alpha.tobytes()))
    alphas = np.concatenate([alpha, np.full(9, 255, np.uint8)])[samples[:, :, 0]]
    write_file(out, "png/palette_alpha", data, np.dstack([want, alphas]))
    grey = rng_bytes((3, 4, 1)).astype(np.int64) % 4
    data = make_png(grey, 8, 0, extra=chunk(b"tRNS", b"\0\2"))
    want = np.dstack([grey[:, :, 0], np.where(grey[:, :, 0] == 2, 0, 255)]).astype(np.uint8)
    write_file(out, "png/transparent_grey", data, want)


def save(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def opened(data, mode):
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def write_jpeg(out):
    rgb = Image.fromarray(picture(3, 19, 26))
    for name, options in (
        ("420", dict(quality=90)),
        ("444", dict(quality=95, subsampling=0)),
        ("progressive", dict(quality=85, progressive=True)),
        ("restart", dict(quality=60, restart_marker_blocks=1)),
    ):
        data = save(rgb, "JPEG", **options)
        write_file(out, "jpeg/" + name, data, opened(data, "RGB"))
    data = save(rgb.convert("L"), "JPEG", quality=80)
    write_file(out, "jpeg/grey", data, opened(data, "L"))
    data = save(rgb.convert("CMYK"), "JPEG", quality=95)
    write_file(out, "jpeg/cmyk", data, opened(data, "RGB"))


def write_others(out):
    rgb = Image.fromarray(picture(3, 5, 7))
    for name, kind, image in (
        ("bmp/24", "BMP", rgb),
        ("bmp/8", "BMP", rgb.quantize(40)),
        ("bmp/1", "BMP", rgb.convert("1")),
        ("bmp/grey", "BMP", rgb.convert("L")),
        ("pnm/6", "PPM", rgb),
    ):
        data = save(image, kind)
        write_file(out, name, data, opened(data, "RGB"))
    data = save(rgb.convert("L"), "PPM")
    write_file(out, "pnm/5", data, opened(data, "L"))
    data = save(rgb.convert("1"), "PPM")
    write_file(out, "pnm/4", data, opened(data, "L"))


def write_orientation(out):
    rgb = Image.fromarray(picture(3, 4, 6))
    for value in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        data = save(rgb, "PNG", exif=exif)
        write_file(out, f"orientation/png_{value}", data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
        data = save(rgb, "JPEG", exif=exif, quality=95)
        write_file(out, f"orientation/jpeg_{value}", data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))))


def write_modes(out):
    rgba = Image.fromarray(picture(4, 6, 5), "RGBA")
    out.case("modes")
    out.tensor("file", torch.tensor(list(save(rgba, "PNG")), dtype=torch.uint8))
    out.tensor("rgb", planes(np.asarray(rgba.convert("RGB"))))
    out.tensor("grey", planes(np.asarray(rgba.convert("L"))))
    out.tensor("grey_alpha", planes(np.asarray(rgba.convert("LA"))))
    out.tensor("rgb_alpha", planes(np.asarray(rgba)))


FILTERS = {
    "nearest": Image.NEAREST,
    "bilinear": Image.BILINEAR,
    "bicubic": Image.BICUBIC,
    "box": Image.BOX,
    "hamming": Image.HAMMING,
    "lanczos": Image.LANCZOS,
}


def write_resize(out):
    sizes = [((17, 23), (9, 11)), ((5, 7), (16, 12)), ((12, 40), (12, 13)), ((30, 9), (7, 9)), ((1, 6), (3, 1)), ((19, 90), (4, 70))]
    for (height, width), (to_height, to_width) in sizes:
        array = rng_bytes((height, width, 3))
        image = Image.fromarray(array)
        out.case(f"resize/{height}x{width}_{to_height}x{to_width}")
        out.tensor("x", planes(array))
        for name, resample in FILTERS.items():
            out.tensor(name, planes(np.asarray(image.resize((to_width, to_height), resample))))


def write(out):
    write_png(out)
    write_jpeg(out)
    write_others(out)
    write_orientation(out)
    write_modes(out)
    write_resize(out)
