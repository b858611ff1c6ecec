"""What is asked of a net, one file each: its loss, its answers and its scores."""

from brique.tasks.classify import Answer as Answer
from brique.tasks.classify import accuracy as accuracy
