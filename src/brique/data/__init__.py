"""Data sets: what they hold, their parts, and streams of batches."""

from brique.data import worlds as worlds
from brique.data.core.augment import Augment as Augment
from brique.data.core.batch import Batch as Batch
from brique.data.core.batch import Nothing as Nothing
from brique.data.core.ragged import Ragged as Ragged
from brique.data.core.split import Split as Split
from brique.data.core.stream import Stream as Stream
from brique.data.core.stream import nothing as nothing
from brique.data.dataset import Data as Data
from brique.data.finding import Finding as Finding
from brique.data.opening import open as open
from brique.data.rows.align_schema import align_schema as align_schema
from brique.data.rows.prepare import collate as collate
from brique.data.rows.prepare import prepare_inputs as prepare_inputs
from brique.data.sources.memory.array_data import arrays as arrays
from brique.options import Options as Options
