"""Write the data sets of single files: in folders of classes, in a database, or with captions."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import lmdb
import torch
from PIL import Image

from dlcourse.miniatures import _pictures
from dlcourse.miniatures._pictures import folder


def _jpeg(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _sha1(data: bytes) -> str:
    """Return what LSUN and Flickr name a picture after."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _square(stamp: str) -> Image.Image:
    """Return a stamp on a piece of a photograph."""
    return Image.fromarray(_pictures.square(stamp, 96))


LSUN = ["bridge_train", "church_outdoor_train", "tower_train"]


def write_lsun(root: Path) -> None:
    """Write a database for each category; the key of a picture is the SHA-1 of its file."""
    boxes = [(40, 10, 380, 427), (60, 0, 400, 340)]
    towers = [_pictures.photograph("china", (96, 96), box) for box in boxes]
    pictures = [[_square("bridge_at_night")], [_square("church")], towers]
    for category, members in zip(LSUN, pictures, strict=True):
        place = folder(root, f"{category}_lmdb")
        (place / "data.mdb").unlink(missing_ok=True)
        # Without a lock, or there is a second file, with the number of the process.
        with (
            lmdb.open(str(place), map_size=2**20, lock=False) as base,
            base.begin(write=True) as out,
        ):
            for data in map(_jpeg, members):
                out.put(_sha1(data).encode(), data)


#: The number of a class in WordNet, all its names there, and a stamp to train and one to test.
IMAGENET = {
    "n01882714": ("koala, koala bear, kangaroo bear, native bear, Phascolarctos cinereus",
                  "marsupials/koala", None),
    "n02129165": ("lion, king of beasts, Panthera leo", "mammals/cats/lion", "mammals/cats/lion-2"),
    "n02129604": ("tiger, Panthera tigris", "mammals/cats/tiger", "mammals/cats/tiger_sumatran"),
    "n02391049": ("zebra", "mammals/equines/zebra", None),
}  # fmt: skip


def write_imagenet(root: Path) -> None:
    """Write a folder for each class, and the file that the class makes from the development kit."""
    validation = []
    for wnid, (_, train, val) in IMAGENET.items():
        (folder(root, "train", wnid) / f"{wnid}_1.JPEG").write_bytes(_jpeg(_square(train)))
        if val:
            validation.append(wnid)
            file = f"ILSVRC2012_val_{len(validation):08}.JPEG"
            (folder(root, "val", wnid) / file).write_bytes(_jpeg(_square(val)))
    names = {wnid: tuple(row[0].split(", ")) for wnid, row in IMAGENET.items()}
    torch.save((names, validation), root / "meta.bin")


def write_flickr8k(root: Path) -> None:
    """Write pictures, and the page with a link to each picture and its captions."""
    pictures, rows = folder(root, "Flicker8k_Dataset"), []
    for number, scene in enumerate(_pictures.portraits(), 1_000_001):
        data = _jpeg(scene.picture)
        (pictures / f"{number}_{_sha1(data)[:10]}.jpg").write_bytes(data)
        link = f"http://www.flickr.com/photos/miniature/{number}/"
        lines = "".join(f"<li>{text}</li>" for text in scene.captions)
        rows.append(f'<tr><td><a href="{link}">{link}</a></td><td><ul>{lines}</ul></td></tr>')
    # The real page has such rows for pictures that their owners took away.
    rows.append("<tr><td>Image Not Found</td><td><ul><li>A lost picture.</li></ul></td></tr>")
    page = "<html><body><table>\n" + "\n".join(rows) + "\n</table></body></html>\n"
    (root / "8k-pictures.html").write_text(page)


def write_flickr30k(root: Path) -> None:
    """Write pictures, and a file with a line for each caption: picture#number, a tab, the text."""
    pictures, lines = folder(root, "flickr30k-images"), []
    for number, scene in enumerate(_pictures.portraits(), 1_000_001):
        (pictures / f"{number}.jpg").write_bytes(_jpeg(scene.picture))
        lines += [f"{number}.jpg#{i}\t{text}\n" for i, text in enumerate(scene.captions)]
    (root / "results_20130124.token").write_text("".join(lines))


def write_sbu(root: Path) -> None:
    """Write two lists, addresses and captions, the archive that has both, and the pictures."""
    base = folder(root, "dataset")
    lists = {"urls": "http://static.flickr.com/1/0_lost.jpg\n", "captions": "A lost picture.\n"}
    for number, scene in enumerate(_pictures.portraits(), 1):
        (base / f"{number}_miniature.jpg").write_bytes(_jpeg(scene.picture))
        lists["urls"] += f"http://static.flickr.com/1/{number}_miniature.jpg\n"
        lists["captions"] += f"{scene.captions[0]}\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for kind, lines in lists.items():
            name = f"dataset/SBU_captioned_photo_dataset_{kind}.txt"
            (root / name).write_bytes(lines.encode())
            entry = tarfile.TarInfo(name)
            entry.size = len(lines)
            archive.addfile(entry, io.BytesIO(lines.encode()))
    # Without the time that gzip notes, or the bytes would differ each time.
    (root / "SBUCaptionedPhotoDataset.tar.gz").write_bytes(
        gzip.compress(packed.getvalue(), mtime=0)
    )
