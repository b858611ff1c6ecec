"""The annotated pictures of a folder, with their boxes and parts."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from brique.data.files.place import Place, list_files, plain_name, read_content, relative
from brique.data.finding import Finding
from brique.data.raw.source import ALIASES, PARTS
from brique.data.sources.decoding import is_picture
from brique.data.sources.layout.file_list import ExampleFiles
from brique.data.sources.regions import annotations
from brique.data.sources.regions.annotation_formats import AnnotationFiles
from brique.data.sources.regions.annotations import ImageAnnotation
from brique.data.sources.regions.box_tables import read_box_table
from brique.data.sources.regions.coco import read_coco, select_instances
from brique.data.sources.regions.yolo import (
    count_common_suffix,
    part_of_folder,
    path_key,
    read_yolo,
)
from brique.errors import DataError

# later ones override
_PART_LISTS = ("trainval.txt", "train.txt", "valid.txt", "val.txt", "test.txt")
_NO_PART = "is in no list or folder of a part (train, valid or test), unlike others"


@dataclass
class AnnotatedPictures(ExampleFiles):
    """Pictures, in order, with their annotations."""

    annotations: list[ImageAnnotation] = field(default_factory=list[ImageAnnotation])
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    findings: list[Finding] = field(default_factory=list[Finding])

    def columns(self) -> list[list[Any]]:
        """Return the lists with one entry per picture."""
        return [*super().columns(), self.annotations]

    def first_problem(self) -> str:
        """Return the first dropped file or item with its reason, for messages."""
        problems = [*self.skipped, *self.faults]
        return f" (the first, {problems[0][0]}: {problems[0][1]})" if problems else ""


def is_annotated(place: Place) -> bool:
    """Tell whether a folder holds pictures and annotations of boxes."""
    all_files = list_files(place)
    return bool(
        AnnotationFiles.find(place, all_files, [file for file in all_files if is_picture(file)])
    )


def find_annotated(name: str, place: Place) -> AnnotatedPictures:
    """Return the annotated pictures below a folder."""
    examples, all_files = AnnotatedPictures(name, place), list_files(place)
    pictures = [file for file in all_files if is_picture(file)]
    annotation_files = AnnotationFiles.find(place, all_files, pictures)
    image_annotations = _read_annotations(examples, all_files, pictures, annotation_files)
    matches = _match_pictures(examples, image_annotations, pictures)
    has_train = any(part == "train" for _, _, part in matches)
    for file, annotation, part in matches:
        if part is None and has_train:
            examples.skip(file, _NO_PART)
        elif annotation.faults and not annotation.boxes:
            reason = f"has no readable box: {': '.join(annotation.faults[0])}"
            examples.skip(annotation.file if annotation.is_sidecar else file, reason)
        elif annotation.num_crowds and not annotation.boxes:
            examples.skip(file, "has only boxes around crowds")
        else:
            examples.files.append(file)
            examples.annotations.append(annotation)
            examples.parts.append(PARTS.index(part or "train"))
    annotated_files = {file for file, _, _ in matches}
    skipped_stems = {
        file.rpartition("/")[2].casefold().removesuffix(".xml") for file, _ in examples.skipped
    }
    unannotated = [
        file
        for file in pictures
        if file not in annotated_files and file.stem.casefold() not in skipped_stems
    ]
    if unannotated and examples.files:
        examples.notes.append(
            f"{name}: {len(unannotated):,} of {len(pictures):,} pictures have no annotation and"
            f" are left out, such as {relative(unannotated[0], place)}."
        )
    examples.faults += [fault for annotation in image_annotations for fault in annotation.faults]
    return examples


def _match_pictures(
    examples: AnnotatedPictures,
    image_annotations: Sequence[ImageAnnotation],
    pictures: Sequence[Place],
) -> list[tuple[Place, ImageAnnotation, str | None]]:
    """Return the picture of each annotation, with its part if given."""
    by_name: dict[str, list[Place]] = {}
    for file in pictures:
        for name in {file.name.casefold(), file.stem.casefold()}:
            by_name.setdefault(name, []).append(file)
    used: set[Place] = set()
    matches: list[tuple[Place, ImageAnnotation, str | None]] = []
    for annotation in image_annotations:
        candidates = (
            [annotation.picture]
            if annotation.picture
            else _candidates(examples, annotation, by_name)
        )
        name = f"'{annotation.name}'"
        if not candidates:
            examples.skip(annotation.file, f"annotates a picture {name} that does not exist")
        elif len(candidates) > 1:
            paths = " or ".join(relative(file, examples.root) for file in candidates[:2])
            examples.skip(
                annotation.file, f"annotates {name}, which may be {paths}; write its folder"
            )
        elif candidates[0] in used:
            examples.skip(
                annotation.file, f"annotates {candidates[0].name}, which another file annotates too"
            )
        else:
            used.add(candidates[0])
            matches.append(
                (
                    candidates[0],
                    annotation,
                    annotation.part or part_of_folder(relative(candidates[0], examples.root)),
                )
            )
    return matches


def _candidates(
    examples: AnnotatedPictures, annotation: ImageAnnotation, by_name: dict[str, list[Place]]
) -> list[Place]:
    """Return the pictures that an annotation may mean: one, if unambiguous."""
    segments = annotation.name.replace("\\", "/").split("/")
    file_name = segments[-1].casefold()
    stem = file_name.rpartition(".")[0] or file_name
    own_stem = plain_name(annotation.file).rpartition(".")[0] if annotation.is_sidecar else ""
    candidates = by_name.get(own_stem) or by_name.get(file_name) or by_name.get(stem) or []

    def score(file: Place) -> tuple[int | bool, ...]:
        path = relative(file, examples.root).split("/")
        is_in_part = (
            annotation.part is not None and _part_in("/".join(path[:-1])) == annotation.part
        )
        has_same_key = annotation.is_sidecar and path_key(examples.root, file) == path_key(
            examples.root, annotation.file
        )
        num_shared = count_common_suffix([*segments[:-1], stem], [*path[:-1], file.stem])
        return num_shared, file.name.casefold() == file_name, is_in_part, has_same_key

    best = max(map(score, candidates), default=None)
    return [file for file in candidates if score(file) == best]


def _read_annotations(
    examples: AnnotatedPictures,
    all_files: Sequence[Place],
    pictures: Sequence[Place],
    annotation_files: AnnotationFiles,
) -> list[ImageAnnotation]:
    """Return the annotation of each picture."""
    if annotation_files.coco:
        image_annotations = _read_coco_files(examples, select_instances(annotation_files.coco))
    elif annotation_files.voc:
        image_annotations = _read_voc_files(examples, all_files, annotation_files.voc)
    elif annotation_files.labelme:
        image_annotations = _read_each(examples, annotation_files.labelme, annotations.read_labelme)
    elif annotation_files.tables:
        image_annotations = _read_box_tables(examples, annotation_files.tables)
    elif annotation_files.unsupported and not annotation_files.is_yolo:
        file, tool = annotation_files.unsupported[0]
        raise DataError(
            f"{examples.name}: {relative(file, examples.root)} holds boxes in the format of"
            f" {tool}, which"
            " is not supported; export COCO's JSON, PASCAL VOC's XML or YOLO's .txt, or say"
            " --kind pictures"
        )
    else:
        parsed = read_yolo(examples.name, examples.root, all_files, pictures)
        image_annotations = parsed.annotations
        examples.faults += parsed.faults
        examples.notes += parsed.notes
        for file in parsed.in_unlabeled_parts:
            examples.skip(file, "no picture of its part has a .txt file of boxes")
        if parsed.unlabeled:
            examples.findings.append(
                _missing_file_finding(examples, parsed.unlabeled, len(image_annotations))
            )
    _note_boxes(examples, image_annotations)
    return image_annotations


def _read_coco_files(
    examples: AnnotatedPictures, json_files: Sequence[Place]
) -> list[ImageAnnotation]:
    """Return the annotation of each picture, from files of COCO's JSON."""
    image_annotations: list[ImageAnnotation] = []
    for file in json_files:
        parsed = read_coco(file)
        examples.faults += parsed.faults
        for annotation in parsed.annotations:
            annotation.part = _part_in(relative(file, examples.root))
        image_annotations += parsed.annotations
        if parsed.duplicate_names:
            examples.notes.append(
                f"{examples.name}: {file.name} names '{parsed.duplicate_names[0]}' for several"
                " categories, which are one class here."
            )
    return image_annotations


def _read_voc_files(
    examples: AnnotatedPictures, all_files: Sequence[Place], xml_files: Sequence[Place]
) -> list[ImageAnnotation]:
    """Return the annotation of each picture, from PASCAL VOC's files; boxes count from 0."""
    part_by_stem = _parts_from_lists(all_files)
    image_annotations = _read_each(examples, xml_files, annotations.read_voc)
    is_zero_based = any(
        min(box[:2]) < 1 for annotation in image_annotations for box in annotation.boxes
    )
    origin = "0, as one begins there" if is_zero_based else "1, as in PASCAL VOC; now from 0"
    if image_annotations:
        examples.notes.append(f"{examples.name}: its boxes count pixels from {origin}.")
    with_part: list[ImageAnnotation] = []
    for annotation in image_annotations:
        if not is_zero_based:  # the last pixel belongs to the box
            annotation.boxes = [(x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in annotation.boxes]
        stem = plain_name(annotation.file).removesuffix(".xml")
        folders = relative(annotation.file, examples.root).rpartition("/")[0]
        annotation.part = part_by_stem.get(stem) if part_by_stem else _part_in(folders)
        if part_by_stem and stem not in part_by_stem:
            examples.skip(annotation.file, "is in no list of a part (train.txt, val.txt, test.txt)")
        else:
            with_part.append(annotation)
    return with_part


def _read_box_tables(examples: AnnotatedPictures, tables: Sequence[Place]) -> list[ImageAnnotation]:
    """Return the annotation of each picture, from tables of boxes."""
    image_annotations: list[ImageAnnotation] = []
    for file in tables:
        table_annotations, notes = read_box_table(file)
        examples.notes += notes
        for annotation in table_annotations:
            annotation.part = _part_in(relative(file, examples.root))
        image_annotations += table_annotations
    if any(table_annotations.is_relative for table_annotations in image_annotations):
        examples.notes.append(
            f"{examples.name}: its boxes are fractions of their pictures, none above 1."
        )
    return image_annotations


def _read_each(
    examples: AnnotatedPictures,
    annotation_files: Sequence[Place],
    read: Callable[[Place], ImageAnnotation],
) -> list[ImageAnnotation]:
    """Return the annotation of each file; skips unreadable files, with the reason."""
    image_annotations: list[ImageAnnotation] = []
    for file in annotation_files:
        try:
            image_annotations.append(read(file))
        except DataError as error:
            examples.skip(file, str(error).removeprefix(f"{file.name}: "))
    return image_annotations


def _note_boxes(examples: AnnotatedPictures, image_annotations: Sequence[ImageAnnotation]) -> None:
    """Add notes on changed and dropped boxes."""
    boxes = sum(len(annotation.boxes) for annotation in image_annotations)
    for count, phrases in (
        (sum(entry.num_crowds for entry in image_annotations), ("box around a crowd is",
         "boxes around crowds are", "left out: scores exclude them")),
        (sum(entry.num_difficult for entry in image_annotations), ("box is", "boxes are",
         "marked as difficult and count as any other")),
        (sum(entry.num_outlined for entry in image_annotations), ("box is", "boxes are",
         f"drawn around an outline, of {boxes:,}")),
    ):  # fmt: skip
        if count:
            examples.notes.append(f"{examples.name}: {count:,} {phrases[count > 1]} {phrases[2]}.")
    with_swapped = [annotation for annotation in image_annotations if annotation.num_swapped]
    if with_swapped:
        count = sum(annotation.num_swapped for annotation in with_swapped)
        items = tuple((annotation.name or annotation.file.name,) for annotation in with_swapped)
        reason = (
            f"{count:,} of {boxes:,} boxes end before they begin (xmin > xmax or ymin > ymax):"
            " their corners are swapped."
        )
        remedy = "Check whether a corner is a typo."
        examples.findings.append(
            Finding("swapped corners", "warning", None, items, count, reason, remedy)
        )


def _missing_file_finding(
    examples: AnnotatedPictures, without_file: Sequence[Place], total: int
) -> Finding:
    """Return a finding on YOLO pictures without a .txt file."""
    return Finding(
        "no box file",
        "warning",
        None,
        tuple((relative(file, examples.root),) for file in without_file),
        len(without_file),
        f"{len(without_file):,} of {total:,} pictures have no .txt file of boxes: as in YOLO"
        " they count as pictures without objects.",
        "Nothing, if they show no objects; else draw the boxes, or remove the pictures.",
    )


def _parts_from_lists(all_files: Sequence[Place]) -> dict[str, str]:
    """Return the part of each picture on a list of a part; empty without lists."""
    part_by_stem: dict[str, str] = {}
    for word in _PART_LISTS:
        lists = [file for file in all_files if plain_name(file) == word]
        lists.sort(key=lambda file: file.parent.name != "Main")
        for line in read_content(lists[0]).decode("utf-8", "replace").splitlines() if lists else ():
            if words := line.casefold().split():
                stem = re.sub(r"\.(jpe?g|png|bmp|xml)$", "", words[0].rsplit("/", 1)[-1])
                part_by_stem[stem] = "train" if word == "trainval.txt" else ALIASES[word[:-4]]
    return part_by_stem


def _part_in(path: str) -> str | None:
    """Return the part in a path, such as 'instances_val2017.json'."""
    words = re.split(r"[^a-z]+", path.casefold())
    return next((ALIASES[word] for word in words if word in ALIASES), None)
