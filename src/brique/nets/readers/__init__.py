"""What reads one kind of input: columns of a table, texts, signals, pictures -> features."""

from brique.nets.readers.columns import Columns as Columns
from brique.nets.readers.joint import Joint as Joint
from brique.nets.readers.pixels import Pixels as Pixels
from brique.nets.readers.waves import Waves as Waves
from brique.nets.readers.words import Sentences as Sentences
from brique.nets.readers.words import Words as Words
