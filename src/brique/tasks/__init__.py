"""What is asked of a net, one file each: its loss, its answers and its scores."""

from brique.tasks.classify import accuracy as accuracy
from brique.tasks.rest import at_rest as at_rest
from brique.tasks.table import TASKS as TASKS
from brique.tasks.table import Answer as Answer
from brique.tasks.table import sentence as sentence
from brique.tasks.task import Look as Look
from brique.tasks.task import Task as Task
from brique.tasks.task import of as of
