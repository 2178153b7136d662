"""
20 · Image segmentation 2: a whole project
==========================================

You have photographs of animals, and want to know which pixels are animal. There are no masks yet. So you draw outlines
yourself, turn them into masks, and find that four photographs are far too few to train with. Where do thousands of
pictures with exact masks come from? We compose them. But will a network that is good at composed pictures also find
the cat in an ordinary photograph? This lesson goes the whole way: annotations, data, the network :term:`U-Net`,
training, errors, and a last test on real photographs.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - read and write the files of Labelme and LabelImg, and convert outlines into masks and boxes;
      - compose training pictures with exact masks, and split them so that the test is honest;
      - build U-Net, and a U-Net on a pretrained encoder, and say what its skip connections are good for;
      - measure a mask at its boundary and in its interior, and see where and why it fails.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 19 </lessons/3_practice/lesson_19_segmentation_1>`, for masks, IoU and transposed
        convolutions, and :doc:`lesson 18 </lessons/3_practice/lesson_18_image_classification_2>`, for the split and the
        pretrained network.
      - **Data:** photographs, animals that were cut out, and the weights of MobileNetV2; about 240 MB are downloaded
        once, of which 27 MB are kept.
      - **Run time:** about 3 minutes on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``ElementTree`` writes XML, ``ImageDraw`` fills polygons, and ``dlcourse.metrics`` has the functions of lesson 19.
#
# .. fold:: The imports

# sphinx_gallery_number = 20
# sphinx_gallery_budget_s = 180
# sphinx_gallery_needs = [18, 19]
# sphinx_gallery_assets = ["animal-photographs", "landscapes", "photographs", "cutouts", "mobilenet-v2"]
# sphinx_gallery_thumbnail_number = 4
import json
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torchvision import datasets, models
from torchvision.transforms.v2.functional import pil_to_tensor

from dlcourse import assets, metrics
from dlcourse.composites import crops, load_cutout, place, relatives, tint
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, ORANGE, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 20
SIDE = 96  # pixels, of the pictures that the networks see
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
work_folder = TemporaryDirectory(ignore_cleanup_errors=True)
work = Path(work_folder.name)
print(f"computing on: {device}")

# %%
# Look at the data
# ----------------
# Four photographs: a cat (by Stéfan van der Walt), two dogs (by Aitzol Berasategi, CC BY 4.0), a nuthatch (by Lukas
# Baubkus, CC BY-SA 3.0) and sheep (from Tux Paint). We make smaller copies to work with, and from the flock we cut out
# the four sheep in front. You will see them below, with their outlines.
#
# .. fold:: The working copies

folder = assets.path("animal-photographs")
pictures = {}
for name in ("cat.png", "dogs.jpg", "nuthatch.jpg", "sheep.jpg"):
    picture = Image.open(folder / name).convert("RGB")
    if name == "sheep.jpg":
        picture = picture.crop((140, 344, 320, 450))  # left, top, right, bottom
    picture.thumbnail((600, 600))
    stem = Path(name).stem
    pictures[stem] = picture
    picture.save(work / f"{stem}.jpg", quality=95)
    print(f"{stem:9} {picture.size}")

# %%
# Predict
# -------
# The :term:`annotation` of an animal will be a :term:`polygon`: a list of corners, in pixels. A program fills it to
# get a mask.
#
# .. choice:: A polygon has the corners (1, 1), (4, 1), (4, 3) and (1, 3). How many pixels does Labelme fill?
#    :outputs: polygon_pixels
#
#    - Labelme also draws the outline. So columns 1 to 4 and rows 1 to 3 belong to it: 4 · 3.
#
#    - This is the area, width 3 times height 2. It counts the last column and the last row as outside.
#
#    - These are the pixels strictly inside. Labelme draws the outline as well.
#
# .. choice:: A U-Net hands the maps of its encoder to its decoder, through *skips*. You remove one skip after the other, beginning with the finest (that of the largest maps), and train again each time. When only the coarsest skip is left, what has lost more?
#    :right: 2
#
#    - The interior of the animals.
#
#      The coarse maps know what is an animal, and they are removed last.
#
#    - The boundary of the animals.
#
#      You will measure it: a band of two pixels along the boundary, and the rest.
#
#    - Both, by the same amount.
#
#      Then one number would be enough to judge a mask.
#
# Build it: the file of Labelme
# -----------------------------
# `Labelme <https://github.com/wkentaro/labelme>`__ is a program in which you click around an object and type its name.
# It writes one JSON file for each picture. (We noted the corners by eye, and write the files ourselves.) Each object is
# a *shape* with a label and its points (x, y). This is the whole file for a rectangle of four corners:

shape = {"label": "cat", "points": [[1, 1], [4, 1], [4, 3], [1, 3]], "group_id": None}
shape |= {"description": "", "shape_type": "polygon", "flags": {}}
example = {"version": "6.3.1", "flags": {}, "shapes": [shape], "imagePath": "example.jpg"}
example |= {"imageData": None, "imageHeight": 5, "imageWidth": 6}
print(fill(json.dumps(example), 72))

# %%
# ``imageData`` may hold the whole picture, written as text. ``group_id`` joins shapes that are one object: we need it
# for a lamb whose middle is hidden behind another sheep. Now our outlines: a label, a group and x, y, x, y, … for each
# shape.
#
# .. fold:: The corners of nine polygons

OUTLINES = {
    "cat": [
        ("cat", None, """41 0 37 20 33 45 31 70 30 95 27 107 14 119 0 127 0 299 303 299 299 284 298 269
         305 258 312 245 314 228 318 214 328 205 339 194 348 182 355 165 361 146 363 130 361 117 357 105
         352 94 352 82 360 68 370 55 378 38 385 22 398 0"""),
    ],
    "dogs": [
        ("dog", None, """123 158 128 150 135 145 141 143 148 140 157 139 165 140 174 142 182 146 187 152
         190 159 196 163 201 168 203 177 206 186 207 195 206 205 204 217 204 228 200 236 194 241 187 242
         181 238 181 228 183 220 182 214 180 219 177 224 171 225 165 223 158 218 152 219 150 228 144 231
         136 234 128 232 124 226 123 216 121 206 122 196 121 186 121 175 122 166"""),
        ("dog", None, """195 276 201 271 210 268 220 267 230 269 239 273 245 278 250 285 256 291 260 300
         266 304 266 316 265 330 264 345 266 360 262 361 258 358 252 363 246 363 241 361 240 352 240 345
         238 347 233 349 228 346 220 344 213 344 211 348 212 354 220 360 228 368 233 376 232 385 226 391
         218 393 210 390 203 381 199 370 197 360 193 350 189 340 190 330 188 320 187 310 188 300 189 290
         191 282"""),
    ],
    "nuthatch": [
        ("bird", None, """244 116 247 119 251 125 254 131 258 138 263 142 268 147 272 153 276 161 281 169
         286 177 290 185 296 193 300 195 304 199 307 204 311 209 318 212 324 216 318 216 311 213 307 212
         302 213 297 215 291 217 286 220 280 222 274 222 267 221 260 220 255 216 251 212 248 209 246 205
         245 197 244 188 243 178 244 168 242 164 242 160 246 158 249 155 249 148 248 141 249 134 249 128
         246 122"""),
    ],
    "sheep": [
        ("sheep", None, """16 14 20 13 21 9 27 6 40 7 55 7 62 3 67 3 69 7 71 11 65 11 62 13 60 18 57 20
         40 20 35 24 36 30 35 36 33 36 32 32 28 26 26 24 24 30 25 36 22 36 21 30 20 36 18 36 18 28 21 22
         20 17"""),
        ("sheep", None, """30 23 36 20 45 19 60 20 75 20 82 20 88 19 94 19 98 23 104 26 100 30 96 29 80 31
         75 34 72 36 60 36 54 39 48 43 46 46 50 53 51 56 47 52 43 44 39 44 35 49 34 58 31 58 33 48 37 41
         36 34 35 27"""),
        ("sheep", 1, """52 42 55 38 62 36 70 36 75 38 72 44 71 50 68 58 64 66 62 70 61 66 60 60 57 56
         55 62 55 70 56 73 53 73 52 68 53 60 56 52 54 46"""),
        ("sheep", 1, "96 29 97 26 103 25 107 28 106 31 98 31"),
        ("sheep", None, """72 44 76 36 80 32 88 31 105 31 124 31 126 27 131 24 138 23 142 26 145 32 148 36
         144 39 138 40 135 46 131 52 127 56 126 60 130 66 134 74 131 74 126 64 122 60 115 61 114 73 111 74
         111 62 108 59 96 60 95 66 98 74 94 74 91 66 87 72 89 79 86 79 81 71 78 64 76 58 72 60 67 66
         64 74 61 76 64 68 68 60 71 52"""),
    ],
}  # fmt: skip
print({name: len(shapes) for name, shapes in OUTLINES.items()})

# %%
# ``as_labelme`` turns a list of outlines into the dictionary of such a file. ``json.dumps`` writes it, and
# ``json.loads`` reads it again.
#
# .. fold:: The files, written and read


def as_labelme(name, outlines, size):
    """The content of a Labelme file; size is (width, height)."""
    shapes = []
    for label, group, text in outlines:
        numbers = [float(number) for number in text.split()]
        points = [list(point) for point in zip(numbers[::2], numbers[1::2], strict=True)]
        shapes.append({**example["shapes"][0], "label": label, "points": points, "group_id": group})
    width, height = size
    facts = {"imagePath": f"{name}.jpg", "imageWidth": width, "imageHeight": height}
    return {**example, "shapes": shapes, **facts}


for name, outlines in OUTLINES.items():
    content = as_labelme(name, outlines, pictures[name].size)
    (work / f"{name}.json").write_text(json.dumps(content, indent=2))
annotation = json.loads((work / "dogs.json").read_text())
for shape in annotation["shapes"]:
    print(shape["label"], len(shape["points"]), "corners, the first at", shape["points"][0])

# %%
# Build it: label2voc
# -------------------
# The script ``labelme2voc.py``, often called *label2voc*, is an example in Labelme's repository. It turns the files
# into the masks of Pascal VOC. First one polygon: Labelme 6.3.1 fills it and its outline, in the function
# ``labelme.utils.shape_to_mask``.


def fill_polygon(points, width, height):
    """The pixels of a polygon and its outline, array of bool, shape (height, width)."""
    mask = Image.new("L", (width, height))
    corners = [tuple(point) for point in points]
    ImageDraw.Draw(mask).polygon(corners, outline=1, fill=1)
    return np.asarray(mask) == 1


filled = fill_polygon(example["shapes"][0]["points"], 6, 5)
print(filled.astype(int))
print(filled.sum())
assert filled.sum() == 12

# %%
# The polygon fills twelve pixels, although its area is 6. The smaller or thinner an object is, the more this matters.
#
# .. fold:: The code of the choices


def with_outline():
    print(fill_polygon([[1, 1], [4, 1], [4, 3], [1, 3]], 6, 5).sum())


def area_alone():
    print((4 - 1) * (3 - 1))


def strictly_inside():
    print((4 - 1 - 1) * (3 - 1 - 1))


run_choices("polygon_pixels", right=with_outline, wrong=[area_alone, strictly_inside])

# %%
# Next we fill all shapes in the order of the file, so a later one covers an earlier one. There are two masks, as in
# lesson 19. The first holds the number of the class, the second that of the object. Shapes with the same label and
# group are one object.
#
# .. fold:: The classes of Pascal VOC

VOC = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
]  # fmt: skip
print(len(VOC), "classes with the background")

# %%
# ``seen`` holds a key for each object that has come so far.


def label2voc(content):
    """Class mask and object mask of a Labelme file, arrays (height, width)."""
    width, height = content["imageWidth"], content["imageHeight"]
    classes = np.zeros((height, width), dtype=np.uint8)
    objects = np.zeros_like(classes)
    seen = []
    for number, shape in enumerate(content["shapes"]):
        group = shape["group_id"]
        key = ("no group", number) if group is None else (shape["label"], group)
        if key not in seen:
            seen.append(key)
        inside = fill_polygon(shape["points"], width, height)
        classes[inside] = VOC.index(shape["label"])
        objects[inside] = seen.index(key) + 1
    return classes, objects


# %%
# We convert all four files, and count the pixels of each number.
#
# .. fold:: The masks of the four photographs

masks = {}
for name in OUTLINES:
    masks[name] = label2voc(json.loads((work / f"{name}.json").read_text()))
    classes, objects = masks[name]
    numbers = {VOC[n]: int((classes == n).sum()) for n in np.unique(classes)}
    print(f"{name:9} {numbers}, objects: {objects.max()}")
assert [objects.max() for _, objects in masks.values()] == [1, 2, 1, 4]

# %%
# Five polygons of sheep have become four objects, since the lamb has two parts. We compared ``label2voc`` with
# Labelme's own ``shapes_to_label``, version 6.3.1, on these nine polygons: both masks were equal.
#
# .. fold:: How the figure is drawn


def show(ax, picture, title=""):
    """Show a picture without axes."""
    ax.imshow(picture, interpolation="nearest")
    ax.set_title(title, fontsize=9)
    ax.set_axis_off()


VIEWS = {"cat": (0, 0, 451, 300), "dogs": (90, 120, 300, 400)}  # left, top, right, bottom
VIEWS |= {"nuthatch": (220, 100, 345, 240), "sheep": (0, 0, 180, 106)}
colours = (ORANGE, BLUE, GREEN, VERMILION)
alt = "Four photographs with the outlines of a cat, two dogs, a nuthatch and four sheep."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 4.9), num=alt)
for ax, name in zip(axes.flat, OUTLINES, strict=True):
    show(ax, pictures[name], name)
    content = json.loads((work / f"{name}.json").read_text())
    for number, shape in enumerate(content["shapes"]):
        corners = np.array(shape["points"] + shape["points"][:1])
        colour = colours[2 if shape["group_id"] else min(number, 3)]
        ax.plot(*corners.T, color=colour, linewidth=1.5)
    left, top, right, bottom = VIEWS[name]
    ax.set(xlim=(left, right), ylim=(bottom, top))

# %%
# The lamb, in green, is one object in two parts. Whiskers and curls are left out. Write such decisions down, or two
# people will annotate differently.
#
# Build it: the folders and the colours of VOC
# --------------------------------------------
# VOC's masks are pictures with a :term:`palette` (lesson 19), and its colours follow a rule. Write the class number in
# binary, and begin with the lowest bit: the first bit goes to red, the second to green, the third to blue, the fourth
# to red again, and so on. In each colour, the first bit counts 128, the next one 64, and so on.
#
# .. fold:: The colours of VOC


def voc_colour(number):
    """Red, green and blue of a class."""
    colour = [0, 0, 0]
    for bit in range(8):
        if (number >> bit) % 2 == 1:  # is this bit set?
            colour[bit % 3] += 128 >> (bit // 3)
    return colour


for number in (0, 3, 8, 12, 17):
    print(f"{number:2} {VOC[number]:10} {voc_colour(number)}")

# %%
# For example, 12 is 1100 in binary: the third bit gives blue 128, and the fourth gives red 64. The next folded cell
# writes pictures and masks into the folders of VOC (lesson 06), and reads them with torchvision's ``VOCSegmentation``.
# The masks come back as they were.
#
# .. fold:: VOC's folders, written and read

palette = [part for number in range(256) for part in voc_colour(number)]
base = work / "VOCdevkit" / "VOC2012"
for part in ("JPEGImages", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
    (base / part).mkdir(parents=True)
for name, (classes, objects) in masks.items():
    pictures[name].save(base / "JPEGImages" / f"{name}.jpg", quality=95)
    for mask, part in ((classes, "SegmentationClass"), (objects, "SegmentationObject")):
        image = Image.fromarray(mask)
        image.putpalette(palette)  # the mode becomes P
        image.save(base / part / f"{name}.png")
(base / "ImageSets" / "Segmentation" / "val.txt").write_text("\n".join(masks) + "\n")

voc = datasets.VOCSegmentation(work, image_set="val")
for (_, mask), name in zip(voc, masks, strict=True):
    print(f"{name:9} {mask.mode} {np.unique(mask)}")
    assert np.array_equal(np.asarray(mask), masks[name][0])

# %%
# Build it: boxes, as LabelImg writes them
# ----------------------------------------
# `LabelImg <https://github.com/HumanSignal/labelImg>`__ is the same kind of program for boxes. (It is no longer
# developed, but its formats live on.) **VOC XML** holds the corners of a box in pixels. **YOLO** is a text file with
# one line for each box: the number of the class, then the x and y of the centre, the width and the height. These four
# are divided by the width or height of the picture, so they lie between 0 and 1. We get our boxes from the polygons:
# the smallest and the largest x and y of each shape.
#
# .. fold:: Boxes around polygons, and boxes to XML


def boxes_of(content):
    """Label and (left, top, right, bottom) around the corners of each shape."""
    found = []
    for shape in content["shapes"]:
        x, y = zip(*shape["points"], strict=True)
        found.append((shape["label"], (int(min(x)), int(min(y)), int(max(x)), int(max(y)))))
    return found


def to_voc_xml(boxes, name, size):
    """An XML text as LabelImg writes it, shortened to what is read again."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = f"{name}.jpg"
    frame = ElementTree.SubElement(root, "size")
    for tag, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        ElementTree.SubElement(frame, tag).text = str(value)
    for label, box in boxes:
        thing = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(thing, "name").text = label
        corners = ElementTree.SubElement(thing, "bndbox")
        for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
            ElementTree.SubElement(corners, tag).text = str(value)
    ElementTree.indent(root, "  ")
    return ElementTree.tostring(root, encoding="unicode")


dog_boxes = boxes_of(annotation)
xml = to_voc_xml(dog_boxes, "dogs", pictures["dogs"].size)
print("\n".join(xml.splitlines()[7:16]))

# %%
# This is the first of the two dogs in XML. Reading is the same in reverse: ``find`` goes to a tag, and ``text`` holds
# its content. The boxes come back unchanged.
#
# .. fold:: XML to boxes


def from_voc_xml(text):
    """Boxes and size of a VOC XML text."""
    root = ElementTree.fromstring(text)
    frame = root.find("size")
    size = (int(frame.find("width").text), int(frame.find("height").text))
    boxes = []
    for thing in root.findall("object"):
        corners = thing.find("bndbox")
        box = tuple(int(corners.find(tag).text) for tag in ("xmin", "ymin", "xmax", "ymax"))
        boxes.append((thing.find("name").text, box))
    return boxes, size


print(from_voc_xml(xml))
assert from_voc_xml(xml) == (dog_boxes, pictures["dogs"].size)

# %%
# Now YOLO. The names of the classes stand in a second file, ``classes.txt``, one on each line; the number of a class
# is its line, counted from 0. Without this file nobody knows what is in the boxes. The folded cell writes the lines
# for the two dogs, and reads them again.
#
# .. fold:: Boxes to YOLO, and back


def to_yolo(boxes, size, names):
    """One line for each box: class, centre x, centre y, width, height."""
    width, height = size
    lines = []
    for label, (left, top, right, bottom) in boxes:
        centre = ((left + right) / 2 / width, (top + bottom) / 2 / height)
        extent = ((right - left) / width, (bottom - top) / height)
        numbers = " ".join(f"{value:.6f}" for value in (*centre, *extent))
        lines.append(f"{names.index(label)} {numbers}")
    return "\n".join(lines)


def from_yolo(text, size, names):
    """Boxes of a YOLO text; the size of the picture has to be known."""
    boxes = []
    for line in text.splitlines():
        number, *values = line.split()
        x, y, w, h = (float(value) for value in values)
        parts = ((x - w / 2) * size[0], (y - h / 2) * size[1])
        parts += ((x + w / 2) * size[0], (y + h / 2) * size[1])
        boxes.append((names[int(number)], tuple(round(part) for part in parts)))
    return boxes


names = ["bird", "cat", "dog", "sheep"]  # the content of classes.txt
yolo = to_yolo(dog_boxes, pictures["dogs"].size, names)
print(yolo)
print(from_yolo(yolo, pictures["dogs"].size, names))
assert from_yolo(yolo, pictures["dogs"].size, names) == dog_boxes

# %%
# Both dogs are of class 2, and the boxes come back unchanged. YOLO's file does not hold the size of the picture, so
# you need the picture, too. And the numbers have only six decimals, so a program that reads them has to *round*: see
# "Then and now".
#
# Build it: pictures whose masks are known
# ----------------------------------------
# Eight animals are far too few to train with, so we keep them for a last test. For the training we compose pictures:
# we put an animal that was cut out on a photograph without animals. The :term:`alpha channel` of the cut-out *is* the
# mask.
#
# The module ``dlcourse.composites`` has the tools. ``load_cutout`` reads a cut-out as a square. Its colours are
# multiplied by alpha (:term:`premultiplied alpha`), so that no colour of a transparent pixel gets into the edge when
# the square is shrunk or turned. ``place`` draws cut-outs at random places, in random sizes, turned and mirrored.
# ``crops`` cuts random squares out of photographs. ``tint`` changes brightness and colour; how strongly is a guess.
# We have 124 animals, and 17 photographs of trees, rocks, water and buildings.
#
# .. fold:: The cut-outs and the backgrounds

files = [f for f in sorted(assets.path("cutouts").rglob("*.png")) if "shellfish" not in f.parts]
cutouts = torch.stack([load_cutout(file, SIDE) for file in files])
print("cut-outs:", tuple(cutouts.shape))

backgrounds = {}
photo_files = sorted(assets.path("landscapes").glob("*.jpg"))
for file in (*photo_files, assets.path("photographs") / "china.jpg"):
    image = Image.open(file).convert("RGB")
    scale = 144 / min(image.size)
    small = image.resize((round(image.width * scale), round(image.height * scale)))
    backgrounds[file.stem] = pil_to_tensor(small) / 255
print(len(backgrounds), "backgrounds:", ", ".join(sorted(backgrounds)[:5]), "…")

# %%
# **The split** comes before the first picture. As in :doc:`lesson 18
# </lessons/3_practice/lesson_18_image_classification_2>`, we split *photographs*, because composites with the same
# photograph share much of their background. With a lion in the training set, another lion in the test set is easy to
# find. So we split the animals by *groups of relatives*. Validation gets a fifth of the groups and three photographs,
# the test another fifth and five photographs.
#
# .. fold:: The split

groups = relatives(file.stem for file in files)


def shuffled(items):
    """The items in a random order."""
    items = sorted(items)
    return [items[n] for n in torch.randperm(len(items), generator=generator)]


in_order, photos = shuffled(set(groups)), shuffled(backgrounds)
fifth = len(in_order) // 5
parts = {"train": in_order[2 * fifth :], "valid": in_order[fifth : 2 * fifth]}
parts["test"] = in_order[:fifth]
animals, photo_names = {}, {"train": photos[8:], "valid": photos[5:8], "test": photos[:5]}
for part, members in parts.items():
    animals[part] = [n for n, group in enumerate(groups) if group in members]
    print(f"{part:5} {len(animals[part]):3} cut-outs, {len(photo_names[part])} photographs")
assert sum(len(rows) for rows in animals.values()) == len(files) == 124

# %%
# Now we compose. If only animals had cut edges, a network could find them by looking for cut edges. So half of the
# backgrounds get a *decoy*: a piece of another photograph in the shape of an animal, which counts as background. Since
# colours are premultiplied, the animal is simply added to what is left of the background. Every batch is new; this is
# the :term:`augmentation` of this lesson.


def draw_cutouts(rows, count):
    """Random cut-outs at random places."""
    picked = [rows[n] for n in torch.randint(len(rows), (count,), generator=generator)]
    return place(cutouts[picked], generator=generator)


def compose(rows, names, count):
    """Pictures (N, 3, H, W) and masks (N, H, W) of 0 and 1."""
    around = [backgrounds[name] for name in names]
    behind = tint(crops(around, count, SIDE, generator=generator), generator=generator)
    decoy = draw_cutouts(rows, count)[:, 3:]  # only the shape, (N, 1, H, W)
    decoy = decoy * (torch.rand(count, 1, 1, 1, generator=generator) < 0.5)
    behind = behind * (1 - decoy) + crops(around, count, SIDE, generator=generator) * decoy
    front = draw_cutouts(rows, count)
    colours, alpha = tint(front[:, :3], generator=generator), front[:, 3:]
    return (colours + behind * (1 - alpha)).clamp(0, 1), (alpha[:, 0] > 0.5).float()


# %%
# We draw 240 pictures for the validation, once. The figure shows five pictures of the training and their masks.
#
# .. fold:: The validation pictures, and how the figure is drawn

valid_pictures, valid_masks = compose(animals["valid"], photo_names["valid"], 240)
share = valid_masks.mean().item()
print(tuple(valid_pictures.shape), tuple(valid_masks.shape), f"animal: {share:.0%} of the pixels")

alt = "Five composed pictures of animals on photographs, some with a decoy, and their masks."
fig, axes = plt.subplots(2, 5, figsize=(5.2, 2.2), num=alt)
shown, shown_masks = compose(animals["train"], photo_names["train"], 5)
for number, (above, below) in enumerate(axes.T):
    show(above, shown[number].permute(1, 2, 0).numpy())
    show(below, shown_masks[number].expand(3, -1, -1).permute(1, 2, 0).numpy())

# %%
# Look for the decoys: shapes of animals without an animal.
#
# Build it: U-Net, as in the paper
# --------------------------------
# Lesson 19 left a problem: the deep maps of an :term:`encoder` know *what* is in a picture, but only coarsely *where*.
# The :term:`decoder` of U-Net (O. Ronneberger and others, 2015) makes the maps larger again. In addition, each of its
# stages gets the map of the matching stage of the encoder. These connections are the :term:`skips <skip connection>`.
# A skip of U-Net *joins* channels; that of a ResNet (lesson 17) adds them.
#
# The whole network is built of one block: two convolutions of 3 × 3. In the paper they have no padding, so each one
# takes away a border of one pixel. Therefore a map of the encoder is larger than that of the decoder at the same
# stage, and ``cut_centre`` cuts out its middle.


def double_convolution(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3), nn.ReLU(),
    )  # fmt: skip


def cut_centre(maps, height, width):
    top, left = (maps.shape[2] - height) // 2, (maps.shape[3] - width) // 2
    return maps[:, :, top : top + height, left : left + width]


# %%
# The encoder is a row of these blocks. Before each block but the first, ``F.max_pool2d`` halves the size; each block
# doubles the channels. The encoder returns the maps of all stages, from fine to coarse.


class UNetEncoder(nn.Module):
    def __init__(self, channels, block):
        super().__init__()
        self.stages = nn.ModuleList()
        for before, after in pairwise(channels):
            self.stages.append(block(before, after))

    def forward(self, x):
        maps = [self.stages[0](x)]
        for stage in self.stages[1:]:
            maps.append(stage(F.max_pool2d(maps[-1], 2)))
        return maps


# %%
# The decoder begins with the coarsest map. At each stage a :term:`transposed convolution` of 2 × 2 and stride 2
# (``grow``) doubles the size and halves the channels. Then the middle of the encoder's map is joined to the result,
# and a block (``merge``) follows.


class UNet(nn.Module):
    def __init__(self, in_channels, classes, widths, block=double_convolution):
        super().__init__()
        self.encoder = UNetEncoder((in_channels, *widths), block)
        self.grow, self.merge = nn.ModuleList(), nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.grow.append(nn.ConvTranspose2d(2 * width, width, 2, stride=2))
            self.merge.append(block(2 * width, width))
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        *skips, x = self.encoder(x)
        for grow, merge, skip in zip(self.grow, self.merge, reversed(skips), strict=True):
            x = grow(x)
            x = merge(torch.cat([cut_centre(skip, *x.shape[2:]), x], dim=1))
        return self.head(x)


# %%
# The figure in the paper states the size of each map, from 572 × 572 pixels to 388 × 388. In the folded cell a
# :term:`hook` notes what each block returns. On the device ``"meta"`` tensors have shapes but no values (lesson 17),
# so this costs nothing. The cell also computes the number of parameters: a convolution has k · k · in · out weights
# and one bias for each output.
#
# .. fold:: Sizes and parameters

sides = []


def note_side(module, inputs, output):
    sides.append(output.shape[-1])


with torch.device("meta"):
    classic = UNet(1, 2, (64, 128, 256, 512, 1024))
    for stage in (*classic.encoder.stages, *classic.merge):
        stage.register_forward_hook(note_side)
    output = classic(torch.empty(1, 1, 572, 572))
print("encoder:", sides[:5], " decoder:", sides[5:])
print("output: ", tuple(output.shape))
assert sides == [568, 280, 136, 64, 28, 52, 100, 196, 388]  # Figure 1 of the paper

layers = [m for m in classic.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
by_formula = 0
for layer in layers:
    k = layer.kernel_size[0]
    by_formula += k * k * layer.in_channels * layer.out_channels + layer.out_channels
total = sum(p.numel() for p in classic.parameters())
print(f"{len(layers)} layers, {total:,} parameters")
assert len(layers) == 23 and total == by_formula == 31_030_658

# %%
# All sizes are those of the paper, and so are the 23 convolutional layers. (The paper does not state the number of
# parameters.)
#
# Build it: a small U-Net
# -----------------------
# Ours is smaller. Its blocks have what is usual today: :term:`batch normalisation`, and padding, so that maps keep
# their size and ``cut_centre`` has nothing to cut. With two classes one map of logits is enough (lesson 17).


def block(in_channels, out_channels, size=3):
    convolution = nn.Conv2d(in_channels, out_channels, size, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())


def two_blocks(in_channels, out_channels):
    return nn.Sequential(block(in_channels, out_channels), block(out_channels, out_channels))


def small_unet():
    return UNet(3, 1, (8, 16, 32, 64, 128), two_blocks)


def parameters_of(module):
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


print(
    f"{parameters_of(small_unet()):,} parameters, {tuple(small_unet()(valid_pictures[:2]).shape)}"
)

# %%
# The map of logits has the size of the picture.
#
# Build it: a U-Net on a pretrained encoder
# -----------------------------------------
# An encoder that has seen a million photographs need not be trained again (:doc:`lesson 08
# </lessons/2_training/lesson_08_torchvision_3>`). We take MobileNetV2, :term:`freeze` it, and keep the last map of each
# size. These five maps have 1/2 to 1/32 of the picture's side.
#
# .. fold:: The weights, and the colours that they expect

weights = assets.load_state_dict(assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth")
mobilenet = models.mobilenet_v2(weights=None)
mobilenet.load_state_dict(weights)
encoder = mobilenet.features.eval().requires_grad_(False)
encoder = encoder.to(device, memory_format=torch.channels_last)
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def prepare(pictures):
    """Normalise as MobileNetV2 wants it."""
    return ((pictures - MEAN) / STD).to(device, memory_format=torch.channels_last)


# %%
# ``encoder`` is a sequence of 19 parts, of which we leave out the last. ``STAGES`` says where it is cut.

STAGES = (slice(0, 2), slice(2, 4), slice(4, 7), slice(7, 14), slice(14, 18))


@torch.no_grad()
def encode(x):
    """The five maps of prepared pictures, from fine to coarse."""
    maps = []
    for stage in STAGES:
        x = encoder[stage](x)
        maps.append(x)
    return maps


example_input = prepare(valid_pictures[:2])
for maps in encode(example_input):
    print(tuple(maps.shape))

# %%
# The decoder doubles the size of a map by repeating pixels, and joins the map of the encoder that has this size. (A
# convolution follows. Lesson 19 showed that this makes no checkerboards on flat areas.)


def double_and_join(maps, skip=None):
    """Maps (N, C, H, W) to (N, C, 2H, 2W), with the channels of the skip behind them, if there is one."""
    larger = F.interpolate(maps, scale_factor=2, mode="nearest")
    return larger if skip is None else torch.cat([larger, skip], dim=1)


print(tuple(double_and_join(torch.zeros(1, 64, 3, 3), torch.zeros(1, 96, 6, 6)).shape))

# %%
# The result has 64 + 96 channels. The decoder doubles and joins five times, each time with a block after it. The last
# time, at full size, the picture itself takes the place of the encoder's map. ``skips`` says which of these five skips
# are there, from fine to coarse; below we remove them one after the other (an :term:`ablation`). The widths are a
# guess.

CHANNELS = (3, 16, 24, 32, 96, 320)  # of the picture and of the five maps
WIDTHS = (8, 16, 24, 32, 48, 64)  # of the decoder at the same sizes


class Decoder(nn.Module):
    def __init__(self, skips=(True,) * 5):
        super().__init__()
        self.skips = skips
        self.bottom = block(CHANNELS[5], WIDTHS[5], size=1)
        self.blocks = nn.ModuleList()
        for level in range(5):
            joined = CHANNELS[level] if skips[level] else 0
            self.blocks.append(block(WIDTHS[level + 1] + joined, WIDTHS[level]))
        self.head = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, x, maps):
        fine = [x, *maps[:4]]
        y = self.bottom(maps[4])
        for level in reversed(range(5)):
            skip = fine[level] if self.skips[level] else None
            y = self.blocks[level](double_and_join(y, skip))
        return self.head(y)


# %%
# We try it on two pictures.

print(f"{parameters_of(Decoder()):,} parameters to train")
print("logits:", tuple(Decoder().to(device)(example_input, encode(example_input)).shape))

# %%
# The decoder has fewer parameters than the small U-Net.
#
# Build it: the loss
# ------------------
# The loss has two parts. :term:`Binary cross-entropy <binary cross-entropy>` judges each pixel alone. Most pixels are
# background, so small animals contribute little to it. :term:`Dice <Dice coefficient>` (exercise 3 of lesson 19)
# judges each picture as a whole, so a small animal counts as much as a large one. The 1 that the code adds above and
# below the fraction bar avoids 0/0.


def loss_of(logits, masks):
    """Binary cross-entropy and Dice loss; logits (N, 1, H, W), masks (N, H, W)."""
    logits = logits[:, 0]
    p = logits.sigmoid()
    both = (p * masks).sum((1, 2))
    sizes = p.sum((1, 2)) + masks.sum((1, 2))
    dice = 1 - (2 * both + 1) / (sizes + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + dice.mean()


undecided = torch.zeros(1, 1, SIDE, SIDE)
print(f"undecided everywhere: {loss_of(undecided, valid_masks[:1]):.2f}")
print(f"sure and right:       {loss_of(40 * valid_masks[:1, None] - 20, valid_masks[:1]):.2f}")

# %%
# Build it: boundary and interior
# -------------------------------
# One IoU for the whole mask hides *where* it is wrong. So we count in two regions: a *band* of two pixels on each side
# of the true boundary, and everything else, the *interior*. The band is the difference of a thicker and a thinner mask.
# :term:`Dilation <dilation (of a mask)>` makes a mask thicker: a pixel becomes 1 if any pixel of its neighbourhood is
# 1. This is a maximum, so ``F.max_pool2d`` with stride 1 computes it. :term:`Erosion <erosion>` makes it thinner, and
# is the dilation of the background. (This dilation is not that of lesson 10.)


def band_of(masks, width=2):
    """Pixels up to ``width`` from the boundary, shape (N, H, W), bool."""
    size = 2 * width + 1
    thick = F.max_pool2d(masks[:, None], size, stride=1, padding=width)
    thin = -F.max_pool2d(-masks[:, None], size, stride=1, padding=width)
    return (thick - thin)[:, 0] > 0.5


square = torch.zeros(1, 9, 9)
square[0, 3:, 3:] = 1
print(band_of(square, width=1)[0].int())

# %%
# The square reaches the edge of the picture, and there it has no boundary: we do not know how it goes on. Now we
# count. For each picture and region we keep two numbers: how many pixels truth and prediction share, and how many
# they cover together.
#
# .. fold:: The counts of each region

REGIONS = ("all", "band", "interior")


def overlaps(found, masks):
    """Intersection and union of each picture and region, shape (N, 3, 2)."""
    truth, band = masks > 0.5, band_of(masks)
    counts = []
    for region in (torch.ones_like(band), band, ~band):
        both = (found & truth & region).sum((1, 2))
        either = ((found | truth) & region).sum((1, 2))
        counts.append(torch.stack([both, either], dim=1))
    return torch.stack(counts, dim=1).double()


# %%
# Dividing the *sums* over all pictures gives the IoU (lesson 19). Two bad answers show how the regions differ.


def ious(counts):
    """IoU of each region, from counts (…, pictures, 3, 2)."""
    both, either = counts.sum(-3).unbind(-1)
    return both / either


shifted = torch.roll(valid_masks, 1, dims=2) > 0.5
everything = torch.ones_like(shifted)
for name, found in (("shifted by one pixel", shifted), ("everything is animal", everything)):
    values = zip(REGIONS, ious(overlaps(found, valid_masks)).tolist(), strict=True)
    print(f"{name}: IoU", ", ".join(f"{region} {value:.2f}" for region, value in values))

# %%
# A shift of one pixel costs a lot in the band. Half of the band is animal. So even the answer "everything is animal"
# has an IoU near 0.5 there; compare each result in the band with it. The interior also holds the background far from
# the animal, where false alarms count.
#
# How sure is an IoU? Other test pictures would give another one. The :term:`bootstrap` imitates this: draw as many
# pictures as there are, *with* repetition, compute the IoU again, and do so 1,000 times. The standard deviation of the
# results is the :term:`standard error`.

drawing = torch.Generator().manual_seed(SEED)


def bootstrap(counts):
    """1,000 IoUs of each region, from counts (pictures, 3, 2)."""
    rows = torch.randint(len(counts), (1000, len(counts)), generator=drawing)
    return ious(counts[rows])


errors = bootstrap(overlaps(shifted, valid_masks)).std(0)
print("standard errors:", [round(error, 3) for error in errors.tolist()])

# %%
# Check against PyTorch
# ---------------------
# The folded cell makes three comparisons: the loss with ``nn.BCELoss`` and a Dice in a loop; the band with a search
# through all neighbours; and the IoUs with ``dlcourse.metrics``.
#
# .. fold:: Checked: 50 random settings, and the validation pictures


def band_by_search(mask, width):
    """A pixel belongs to the band if its neighbourhood holds both 0 and 1."""
    found = torch.zeros_like(mask, dtype=torch.bool)
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            top, left = max(row - width, 0), max(column - width, 0)
            near = mask[top : row + width + 1, left : column + width + 1]
            found[row, column] = near.min() != near.max()
    return found


for _ in range(50):
    logits = torch.randn(3, 1, 10, 12, generator=generator, dtype=torch.float64)
    mask = (torch.rand(3, 10, 12, generator=generator) < 0.3).double()
    width = int(torch.randint(1, 4, (), generator=generator))
    p = torch.sigmoid(logits[:, 0])
    pairs = zip(p, mask, strict=True)
    dice = [1 - (2 * (a * b).sum() + 1) / (a.sum() + b.sum() + 1) for a, b in pairs]
    torch.testing.assert_close(loss_of(logits, mask), nn.BCELoss()(p, mask) + sum(dice) / 3)
    for number in range(3):
        assert torch.equal(band_of(mask, width)[number], band_by_search(mask[number], width))

found = shifted.long()
matrix = sum(
    metrics.confusion_matrix(a, b.long(), 2) for a, b in zip(found, valid_masks, strict=True)
)
expected = metrics.class_ious(matrix)[1].item()
assert abs(ious(overlaps(shifted, valid_masks))[0].item() - expected) < 1e-5
print("loss, band and IoU agree")

# %%
# All of them agree.
#
# Use it: train both
# ------------------
# The loop is that of lesson 18, with AdamW and a learning rate that rises and falls. Each step gets 16 new pictures,
# the same for both networks.
#
# .. fold:: The loop, and fresh batches

STEPS, BATCH = 200, 16


def train(network, batches, rate, steps):
    """Train on batches (inputs, masks), where inputs is a tuple; return the losses."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = OneCycleLR(optimiser, rate, total_steps=steps)
    network.train()
    losses = []
    for _ in range(steps):
        inputs, masks = next(batches)
        loss = loss_of(network(*inputs), masks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    network.eval()
    return losses


def new_batches(with_maps):
    """Fresh training pictures, with the maps of the encoder if they are wanted."""
    generator.manual_seed(SEED)
    while True:
        pictures, masks = compose(animals["train"], photo_names["train"], BATCH)
        x = prepare(pictures)
        yield ((x, encode(x)) if with_maps else (x,)), masks.to(device)


# %%
# The learning rates were chosen before the lesson was written: of three values from 0.001 to 0.01, the ones with the
# best IoU on validation pictures (one seed, 80 steps). Both lie at the edge of what was tried, so take them as
# guesses. The number of steps is what the time allows.

torch.manual_seed(SEED)
on_pretrained = Decoder().to(device, memory_format=torch.channels_last)
from_scratch = small_unet().to(device, memory_format=torch.channels_last)
losses = {
    "pretrained encoder": train(on_pretrained, new_batches(True), 0.01, STEPS),
    "from scratch": train(from_scratch, new_batches(False), 0.001, STEPS),
}
for name, values in losses.items():
    first, last = np.mean(values[:20]), np.mean(values[-20:])
    print(f"{name:18} mean loss of the first 20 steps {first:.2f}, of the last 20 {last:.2f}")


# %%
# Both losses fall, that of the network from scratch far less. Before any numbers, let us look at validation pictures.
# Animal pixels that were found are green, missed ones are blue, and false alarms are red.
#
# .. fold:: The answers of the networks, and how the figure is drawn


@torch.no_grad()
def find(name, pictures):
    """The pixels that a network takes for animal, shape (N, H, W), bool."""
    answers = []
    for part in pictures.split(40):
        x = prepare(part)
        logits = from_scratch(x) if name == "from scratch" else on_pretrained(x, encode(x))
        answers.append((logits[:, 0] > 0).cpu())
    return torch.cat(answers)


def overlay(picture, found, mask):
    """A picture with hits in green, misses in blue and false alarms in red."""
    shown = picture.permute(1, 2, 0).numpy().copy()
    truth = mask.numpy() > 0.5
    found = found.numpy()
    for region, colour in (
        (found & truth, (0.0, 0.7, 0.4)),
        (~found & truth, (0.1, 0.4, 1.0)),
        (found & ~truth, (1.0, 0.2, 0.0)),
    ):
        shown[region] = 0.4 * shown[region] + 0.6 * np.array(colour)
    return shown


alt = "Four composed pictures; hits, misses and false alarms of both networks as colours."
fig, axes = plt.subplots(3, 4, figsize=(5.2, 4.0), num=alt)
answers = {name: find(name, valid_pictures) for name in losses}
for number, column in enumerate(axes.T):
    show(column[0], valid_pictures[number].permute(1, 2, 0).numpy())
    for ax, name in zip(column[1:], losses, strict=True):
        show(ax, overlay(valid_pictures[number], answers[name][number], valid_masks[number]))
for ax, label in zip(axes[:, 0], ("picture", "pretrained", "scratch"), strict=True):
    place_of_label = {"rotation": 90, "ha": "right", "va": "center", "fontsize": 8}
    ax.text(-6, SIDE / 2, label, **place_of_label)

# %%
# With the pretrained encoder most animals are found, with ragged edges, and some decoys are taken for animals. The
# network from scratch takes many other things for animals.
#
# .. fold:: The numbers

for name, found in (*answers.items(), ("everything animal", everything)):
    counts = overlaps(found, valid_masks)
    values, errors = ious(counts).tolist(), bootstrap(counts).std(0).tolist()
    pairs = zip(REGIONS, values, errors, strict=True)
    print(f"{name:18}", "  ".join(f"{region} {v:.2f} ± {e:.2f}" for region, v, e in pairs))

# %%
# The network from scratch is far behind, although both have seen the same 3,200 pictures. The two differ in more than
# the pretraining. And the result is no argument against U-Net: the paper trained it from scratch for ten hours on a
# GPU.
#
# Use it: which skip does what?
# -----------------------------
# Now we come to the second question of "Predict". We remove the skips one after the other, the finest first, and train
# a new decoder each time. This makes a ladder of six networks, each trained from four seeds, with 80 steps. The
# encoder is frozen, so the maps of 512 pictures are computed once. We measure the ladder with animals of the
# validation on photographs of the training.
#
# .. fold:: The stored pictures and their maps

stored_pictures, stored_masks = compose(animals["train"], photo_names["train"], 512)
judged_pictures, judged_masks = compose(animals["valid"], photo_names["train"], 240)
stored = {"train": prepare(stored_pictures), "valid": prepare(judged_pictures)}
stored_masks = stored_masks.to(device)
stored_maps = {}
for part, x in stored.items():
    encoded = [encode(piece) for piece in x.split(64)]
    stored_maps[part] = [torch.cat(maps) for maps in zip(*encoded, strict=True)]
size = sum(maps.numel() for maps in stored_maps["train"]) * 4 / 1e6
print(f"maps of 512 pictures: {size:.0f} MB")


def stored_batches(seed):
    """Batches of the stored pictures in a random order, again and again."""
    order = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(512, generator=order).split(BATCH):
            maps = [each[rows] for each in stored_maps["train"]]
            yield (stored["train"][rows], maps), stored_masks[rows]


# %%
# Each line below has one skip less than the line above. The names say what is left: "from 1/4" has the maps of 1/4, 1/8
# and 1/16.
#
# .. fold:: The ladder


def climb(skips, seed):
    torch.manual_seed(seed)
    decoder = Decoder(skips).to(device, memory_format=torch.channels_last)
    train(decoder, stored_batches(seed), 0.01, 80)
    answers = []
    with torch.no_grad():
        for rows in torch.arange(len(judged_masks)).split(48):
            maps = [each[rows] for each in stored_maps["valid"]]
            answers.append((decoder(stored["valid"][rows], maps)[:, 0] > 0).cpu())
    return overlaps(torch.cat(answers), judged_masks)


SEEDS = range(4)
NAMES = ("all five", "from 1/2", "from 1/4", "from 1/8", "only 1/16", "none")
ladder = []
for removed in range(6):
    skips = tuple(level >= removed for level in range(5))
    ladder.append(torch.stack([climb(skips, seed) for seed in SEEDS]))
ladder = torch.stack(ladder)  # (6 networks, 4 seeds, pictures, 3 regions, 2)
floor = ious(overlaps(torch.ones_like(judged_masks) > 0, judged_masks)).tolist()
rungs = (*ious(ladder).mean(1).tolist(), floor)
for name, value in zip((*NAMES, "everything"), rungs, strict=True):
    print(f"{name:10}  band {value[1]:.3f}  interior {value[2]:.3f}")

# %%
# Which drops are more than chance? We compare each network with the full one, in pairs: the same seeds, the same
# pictures. Each gets three lines: how the band changes, how the interior changes, and the difference of these two
# changes. A change is called *clear* if it is larger than the margin after ±. As in lesson 08 the margin covers both
# the pictures and the seeds. (For four seeds it takes 3.2 standard errors in place of 2, see lesson 18.)
#
# .. fold:: Differences to the full network, and the figure


def paired(removed):
    """Differences to the full network (band, interior, band minus interior), half intervals."""
    rows = torch.randint(len(judged_masks), (300, len(judged_masks)), generator=drawing)
    by_draw = torch.zeros(300, 3, dtype=torch.float64)
    for seed in SEEDS:
        by_draw += (ious(ladder[removed, seed][rows]) - ious(ladder[0, seed][rows])) / len(SEEDS)
    by_seed = ious(ladder[removed]) - ious(ladder[0])
    by_seed, by_draw = (
        torch.stack([each[:, 1], each[:, 2], each[:, 1] - each[:, 2]], dim=1)
        for each in (by_seed, by_draw)
    )
    half = (3.2**2 * by_seed.var(0) / len(SEEDS) + 2**2 * by_draw.var(0)).sqrt()
    return by_seed.mean(0).tolist(), half.tolist()


def verdict(difference, half):
    return "clear" if abs(difference) > half else "may be chance"


WHAT = ("band", "interior", "band - interior")
differences, verdicts = {}, {}
for removed in range(1, 6):
    for what, gain, half in zip(WHAT, *paired(removed), strict=True):
        differences[removed, what], verdicts[removed, what] = gain, verdict(gain, half)
        print(f"{NAMES[removed]:10} {what:15} {gain:+.3f} ± {half:.3f}: {verdict(gain, half)}")
assert differences[4, "band"] < -0.03 and differences[4, "band - interior"] < 0
assert differences[5, "band"] < -0.1 and differences[5, "interior"] < -0.2
assert verdicts[4, "band"] == verdicts[4, "band - interior"] == "clear"
assert verdicts[5, "band"] == verdicts[5, "interior"] == "clear"

alt = "IoU in band and interior over the ladder: the band falls first, from 1/8 on, the interior at the end."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
for region, colour, marker in ((2, BLUE, "o"), (1, VERMILION, "s")):
    each = ious(ladder)[..., region]  # (6, 4)
    ax.plot(range(6), each.mean(1), color=colour, marker=marker, label=REGIONS[region])
    ax.plot(range(6), each, linestyle="", marker=".", color=colour, alpha=0.5)
    ax.axhline(floor[region], color=colour, linestyle="--", linewidth=0.8)
ax.set_xticks(range(6), NAMES, fontsize=8)
ax.set(xlabel="one more skip is removed →", ylabel="IoU", ylim=(0, None))
legend = ax.legend()

# %%
# The small dots are the four seeds, and the dashed lines the answer "everything is animal". When the picture itself
# and the map of 1/2 are removed, no drop can be seen. When the map of 1/4 follows, no drop is clear. With only the map
# of 1/16 left, the band has lost more than the interior. When this skip is removed, too, only 3 × 3 positions are
# left, and the interior breaks down as well.
#
# There are two limits. The skips were removed in one order only, so no drop belongs to one map alone. And after such
# short trainings even the full network is hardly above "everything is animal" in the band.
#
# Use it: the test
# ----------------
# The test asks: what is harder, a new animal or a new photograph? There are four sets of 160 composed pictures:
# animals of the training (*known*) or of the test (*new*), on photographs of the training or of the test. mIoU is the
# mean over *animal* and *background*; the last number is the IoU of "everything is animal".
#
# .. fold:: The four sets

sets = {}
for kind, rows in (("known", animals["train"]), ("new", animals["test"])):
    for where, around in (("known", photo_names["train"]), ("new", photo_names["test"])):
        sets[kind, where] = compose(rows, around, 160)
results = {}
for name in losses:
    print(name)
    for (kind, where), (pictures_here, masks_here) in sets.items():
        found = find(name, pictures_here)
        counts = results[name, kind, where] = overlaps(found, masks_here)
        matrix = metrics.confusion_matrix(found.long(), masks_here.long(), 2)
        value, error = ious(counts)[0].item(), bootstrap(counts)[:, 0].std().item()
        miou = metrics.mean_iou(matrix)
        scores = f"IoU {value:.2f} ± {error:.2f}, mIoU {miou:.2f}"
        print(f"  {kind:5} animals, {where:5} photos: {scores}, everything {masks_here.mean():.2f}")

# %%
# Both networks do best with known animals on known photographs. New photographs seem to cost more than new animals.
# But the 160 pictures show only five new photographs, and ± does not say what others would change. So we measure each
# of the five alone, with known animals.
#
# .. fold:: Each new photograph

by_photograph = []
for photo in photo_names["test"]:
    pictures_here, masks_here = compose(animals["train"], [photo], 48)
    counts = overlaps(find("pretrained encoder", pictures_here), masks_here)
    by_photograph.append(ious(counts)[0].item())
    print(f"{photo:18} IoU {by_photograph[-1]:.2f}")
assert max(by_photograph) - min(by_photograph) > 0.3

# %%
# The five photographs differ far more from each other than new and known ones do: among maize leaves the network does
# much worse than before a bright sky. So they do not settle which is harder. But the network has seen 72 animals and
# only nine photographs. The first thing to try is more photographs.
#
# Use it: photographs that nobody composed
# ----------------------------------------
# Now we come to the question of the introduction. Our outlines are the truth, and the network on the pretrained
# encoder, the better of the two, has never seen these photographs. We show it each photograph twice. First it is
# whole, with its shorter side reduced to 96 pixels. Then we cut out the part around the animals, so that they are
# about as large as in the training. (The cat fills its photograph, so for it the two are the same.)
#
# .. fold:: The photographs, whole and cut


def reduced(name, around):
    """A photograph and its mask, sides multiples of 32; if wanted only what is around the animals."""
    picture, mask = pictures[name], Image.fromarray(np.uint8(masks[name][0] > 0))
    if around:
        left, top, right, bottom = mask.getbbox()
        half = 0.65 * max(right - left, bottom - top)
        x, y = (left + right) / 2, (top + bottom) / 2
        box = (max(x - half, 0), max(y - half, 0))
        box += (min(x + half, mask.width), min(y + half, mask.height))
        box = [round(side) for side in box]
        picture, mask = picture.crop(box), mask.crop(box)
    scale = SIDE / min(picture.size)
    size = tuple(32 * round(scale * side / 32) for side in picture.size)
    mask = mask.resize(size, Image.Resampling.NEAREST)
    return pil_to_tensor(picture.resize(size)) / 255, pil_to_tensor(mask)[0].float()


real = {}
print(f"{'':10}whole{'':16}cut around the animals")
print(f"{'':12}IoU  everything{'':6}IoU  everything")
for name in OUTLINES:
    row = []
    for around in (False, True):
        picture, mask = reduced(name, around)
        found = find("pretrained encoder", picture[None])[0]
        iou = ious(overlaps(found[None], mask[None]))[0].item()
        real[name, around] = (picture, mask, found, iou)
        row.append(f"{iou:5.2f} {mask.mean():11.2f}")
    print(f"{name:9}", "    ".join(row))
whole, cut = (np.mean([real[name, around][3] for name in OUTLINES]) for around in (False, True))
print(f"mean IoU: whole {whole:.2f}, cut {cut:.2f}")
promised = ious(results["pretrained encoder", "new", "new"])[0].item()
print(f"composed, new animals and photographs: {promised:.2f}")
assert whole < promised

# %%
# .. fold:: How the figure is drawn

alt = "Four real photographs, whole and cut around the animals, with hits, misses and false alarms."
fig, axes = plt.subplots(2, 4, figsize=(5.2, 3.0), num=alt)
for column, name in zip(axes.T, OUTLINES, strict=True):
    for ax, around in zip(column, (False, True), strict=True):
        picture, mask, found, iou = real[name, around]
        show(ax, overlay(picture, found, mask), f"{name} {iou:.2f}")

# %%
# The network finds parts of all animals, but hardly one complete outline. On average over the whole photographs, its
# IoU is lower than in the test with composed pictures. Three photographs show a reason. The cat is cut off on three
# sides; in training, whole animals stood in front of something. (It fills so much of its photograph that even the
# answer "everything" is better.) The nuthatch is smaller than any animal of the training, and the cut helps it. The
# sheep hide each other, and are hardly sharper than their meadow.
#
# Four photographs allow no verdict on the size of the gap. But they show what to do next: compose animals that are cut
# off, small and in groups, and train with annotated photographs, too.
#
# Break it: a side that cannot be halved five times
# -------------------------------------------------
# Skips join maps of equal size. Of 100 pixels the encoder makes 50, 25, 13, 7 and 4. On the way back 4 is doubled to 8,
# but the encoder's map has 7.

broken = prepare(torch.zeros(1, 3, 100, 100))
broken_maps = encode(broken)
try:
    on_pretrained(broken, broken_maps)
except RuntimeError as message:
    print([each.shape[-1] for each in broken_maps])
    print(fill(f"RuntimeError: {message}", 80))
else:
    raise AssertionError("the decoder should have complained")
print("U-Net:", tuple(from_scratch(broken).shape))

# %%
# Our ``UNet`` does not complain: ``cut_centre`` cuts 25 to 24, and 96 × 96 logits come back for 100 × 100 pixels. Only
# the loss will complain. **Remedy:** make both sides multiples of 32 (16 for our U-Net), by resizing or padding.
#
# Then and now
# ------------
# Scripts for annotations are often old. These lines are from such scripts.
#
# .. fold:: The rows, run as they are written

old_and_new = [
    (
        """centre, w = 0.567669, 0.197995  # the second dog
left = int((centre - w / 2) * 399)
print(left)""",
        """centre, w = 0.567669, 0.197995  # the second dog
left = round((centre - w / 2) * 399)
print(left)""",
    ),
    (
        """loss = nn.BCEWithLogitsLoss(size_average=True)
print(round(loss(torch.zeros(2), torch.ones(2)).item(), 3))""",
        """loss = nn.BCEWithLogitsLoss(reduction="mean")
print(round(loss(torch.zeros(2), torch.ones(2)).item(), 3))""",
    ),
]
run_then_and_now("annotations", old_and_new, globals())

# %%
# .. then-and-now:: annotations
#
#    - Older versions of LabelImg read YOLO's numbers with ``int``; version 1.8.6 rounds. ``int`` cuts off the decimals,
#      so a box could move by a pixel each time that a file was read and written.
#
#    - Two arguments of the losses became one.
#
# What you learned
# ----------------
# - Labelme's JSON holds polygons (x, y), LabelImg's XML corners in pixels, YOLO's text centres and sizes between 0 and
#   1. ``label2voc`` fills polygons and outlines in the order of the file.
# - Composed pictures have exact masks. Split photographs and groups of relatives, not composites, and give the
#   background cut edges too.
# - U-Net is an encoder, a decoder, and skips that hand over fine maps. In 200 steps a decoder on a pretrained, frozen
#   encoder found animals far better than our U-Net from scratch. (The two differ in more than the pretraining.)
# - Measure boundary and interior apart. Here the two finest skips were hardly needed; with only the one of 1/16 left,
#   the band had lost more than the interior, and without any skip both broke down.
# - New photographs seemed to cost more than new animals, but five photographs are few. On four photographs that
#   nobody composed, the mean was lower still. Test on such photographs, too.
#
# Self-checks
# -----------
# .. choice:: A YOLO file holds the line ``0 0.5 0.5 0.2 0.4``. Which box is it in a picture of 200 × 100 pixels?
#    :right: 1
#
#    - Left 80, top 30, right 120, bottom 70.
#
#      The centre is (100, 50), the size 40 × 40.
#
#    - Left 100, top 50, right 140, bottom 90.
#
#      The first two numbers are the centre, not the corner.
#
#    - It cannot be said without ``classes.txt``.
#
#      That file holds only the *name* of class 0.
#
# .. choice:: Somebody composes 10,000 pictures from 20 photographs, and takes a random tenth of the pictures as test set. What does the test measure?
#    :right: 2
#
#    - How the network does on new photographs.
#
#      The test pictures show the same 20 photographs as the training pictures.
#
#    - How the network does with known animals at new places of known photographs.
#
#      For anything more, photographs and animals have to be split first.
#
#    - Nothing, since composites are not real.
#
#      It measures something, but less than it seems to.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_20>`.
#
# **1. Recall.** A picture has 640 × 480 pixels. Write the YOLO line of class 3 for the box with left 160, top 120,
# right 480 and bottom 360. Do it by hand.
#
# .. code-block:: python
#
#    line = "3 160 120 480 360"
#
#    number, *values = line.split()
#    x, y, w, h = (float(value) for value in values)
#    corners = [(x - w / 2) * 640, (y - h / 2) * 480, (x + w / 2) * 640, (y + h / 2) * 480]
#    assert number == "3", "the class comes first"
#    assert max(x, y, w, h) <= 1, "the numbers are shares of the width or the height"
#    assert [round(c) for c in corners] == [160, 120, 480, 360], f"this is the box {corners}"
#    print("the line is right")
#
# **2. Modify.** Labelme also has circles: ``shape_type`` is ``"circle"``, and the two points are the centre and any
# point of the edge. Extend the function. ``ImageDraw.Draw(…).ellipse`` takes the box (left, top, right, bottom).
#
# .. code-block:: python
#
#    def fill_shape(shape, width, height):
#        mask = Image.new("L", (width, height))
#        draw = ImageDraw.Draw(mask)
#        draw.polygon([tuple(point) for point in shape["points"]], outline=1, fill=1)
#        return np.asarray(mask) == 1
#
#    circle = {"shape_type": "circle", "points": [[20, 15], [20, 5]]}
#    found = fill_shape(circle, 40, 30)
#    rows, columns = np.mgrid[:30, :40]
#    truth = (rows - 15) ** 2 + (columns - 20) ** 2 <= 10.5**2
#    iou = (found & truth).sum() / (found | truth).sum()
#    assert iou > 0.95, f"the circle has IoU {iou:.2f} with the truth"
#    square = {"shape_type": "polygon", "points": [[1, 1], [4, 1], [4, 3], [1, 3]]}
#    assert fill_shape(square, 6, 5).sum() == 12, "polygons have to work as before"
#    print("circles and polygons")
#
# **3. Extend.** Write the number of parameters of the classic U-Net as a function of the number of input channels and
# classes, without building the network.
#
# .. code-block:: python
#
#    def parameters(in_channels, classes, widths=(64, 128, 256, 512, 1024)):
#        return 0
#
#    assert parameters(1, 2) == 31_030_658, f"{parameters(1, 2):,} for one channel and two classes"
#    assert parameters(3, 21) - parameters(1, 2) == 2 * 9 * 64 + 19 * 65, "the first or last layer"
#    assert parameters(1, 2, (8, 16)) == 6_434, "two stages"
#    print("all three are right")
#
# In practice
# -----------
# - Begin with a pretrained encoder, a decoder with skips, and a hundred annotated pictures of your own kind.
# - Draw annotations over their pictures before you train, and hits and misses after.
# - Large models such as SAM outline an object after one click, and people correct the mask. The formats stay the
#   same.
#
# References
# ----------
# - \O. Ronneberger, P. Fischer, T. Brox: `U-Net: convolutional networks for biomedical image segmentation
#   <https://arxiv.org/abs/1505.04597>`__, MICCAI 2015.
# - \M. Sandler and others: `MobileNetV2: inverted residuals and linear bottlenecks
#   <https://arxiv.org/abs/1801.04381>`__, CVPR 2018.
# - \D. Dwibedi, I. Misra, M. Hebert: `Cut, paste and learn: surprisingly easy synthesis for instance detection
#   <https://arxiv.org/abs/1708.01642>`__, ICCV 2017. Pasted objects, blended edges and distractors.
# - \F. Milletari, N. Navab, S.-A. Ahmadi: `V-Net <https://arxiv.org/abs/1606.04797>`__, 3DV 2016. The Dice loss.
# - \B. Cheng and others: `Boundary IoU: improving object-centric image segmentation evaluation
#   <https://arxiv.org/abs/2103.16562>`__, CVPR 2021. A band inside both masks, whose width grows with the picture.
# - \B. Efron: `Bootstrap methods: another look at the jackknife <https://doi.org/10.1214/aos/1176344552>`__, The Annals
#   of Statistics, 1979.
# - \K. Wada: `Labelme <https://github.com/wkentaro/labelme>`__; Tzutalin: `LabelImg
#   <https://github.com/HumanSignal/labelImg>`__.
