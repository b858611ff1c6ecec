"""Data sets: what they hold, their parts, and streams of batches."""

from brique.data import worlds as worlds
from brique.data.augment import Augment as Augment
from brique.data.batch import Batch as Batch
from brique.data.batch import Nothing as Nothing
from brique.data.finding import Finding as Finding
from brique.data.memory import arrays as arrays
from brique.data.opening import open as open
from brique.data.parts import Data as Data
from brique.data.prepared import prepare_inputs as prepare_inputs
from brique.data.prepared import collate as collate
from brique.data.ragged import Ragged as Ragged
from brique.data.retold import align_schema as align_schema
from brique.data.split import Split as Split
from brique.data.stream import Stream as Stream
from brique.data.stream import nothing as nothing
from brique.options import Options as Options
