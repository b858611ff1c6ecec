"""Schemas: named fields, each of a kind, which prepares its examples.

Training, `predict` and the server prepare examples with the same methods. `Schema.from_json` reads
a schema from model.json and checks all of it.
"""

from brique.schema.class_names import OTHER as OTHER
from brique.schema.class_names import natural_key as natural_key
from brique.schema.json_fields import Field as Field
from brique.schema.kinds import Category as Category
from brique.schema.kinds import Number as Number
from brique.schema.kinds import Picture as Picture
from brique.schema.missing import MISSING as MISSING
from brique.schema.named_fields import Schema as Schema
from brique.schema.pictures import convert_pixels as convert_pixels
from brique.schema.pictures import picture_orientation as picture_orientation
from brique.schema.pictures import picture_shape as picture_shape
from brique.schema.pictures import read_picture as read_picture
from brique.schema.regions import IGNORE_INDEX as IGNORE_INDEX
from brique.schema.regions import Boxes as Boxes
from brique.schema.regions import Mask as Mask
from brique.schema.signals import Signal as Signal
from brique.schema.texts import Tags as Tags
from brique.schema.texts import Text as Text
from brique.schema.timestamps import Timestamp as Timestamp
from brique.schema.trees import Tree as Tree
