"""What the data are: named fields, each of a kind, and how one example of each kind is prepared.

Training, `predict` and the server prepare an example by the same method of the same object, read
back from model.json by `Schema.from_json`, which believes nothing that it reads.
"""

from brique.schema.kinds import Category as Category
from brique.schema.kinds import Field as Field
from brique.schema.kinds import Number as Number
from brique.schema.kinds import Picture as Picture
from brique.schema.kinds import natural as natural
from brique.schema.pictures import picture_shape as picture_shape
from brique.schema.pictures import read_picture as read_picture
from brique.schema.pictures import scaled_pixels as scaled_pixels
from brique.schema.schema import Schema as Schema
