"""Encoders, one for each kind of input: table columns, texts, signals, pictures -> features."""

from brique.nets.encoders.multi_input import MultiInput as MultiInput
from brique.nets.encoders.picture import PictureEncoder as PictureEncoder
from brique.nets.encoders.signal import SignalEncoder as SignalEncoder
from brique.nets.encoders.tabular import TabularEncoder as TabularEncoder
from brique.nets.encoders.text import TextEncoder as TextEncoder
from brique.nets.encoders.text import TokenEmbedding as TokenEmbedding
