"""What reads one kind of input: columns of a table, texts, signals, pictures -> features."""

from brique.nets.readers.columns import TabularEncoder as TabularEncoder
from brique.nets.readers.joint import MultiInput as MultiInput
from brique.nets.readers.pixels import PictureEncoder as PictureEncoder
from brique.nets.readers.waves import SignalEncoder as SignalEncoder
from brique.nets.readers.words import TextEncoder as TextEncoder
from brique.nets.readers.words import TokenEmbedding as TokenEmbedding
