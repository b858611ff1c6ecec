"""Data sets: what they hold, their parts, and streams of batches."""

from brique.data import worlds as worlds
from brique.data.augment import Augment as Augment
from brique.data.batch import Batch as Batch
from brique.data.batch import Nothing as Nothing
from brique.data.finding import Finding as Finding
from brique.data.memory import arrays as arrays
from brique.data.opening import open as open
from brique.data.parts import Data as Data
from brique.data.prepared import prepared as prepared
from brique.data.prepared import together as together
from brique.data.ragged import Ragged as Ragged
from brique.data.retold import retold as retold
from brique.data.split import Split as Split
from brique.data.stream import Stream as Stream
from brique.data.stream import nothing as nothing
from brique.options import Options as Options
