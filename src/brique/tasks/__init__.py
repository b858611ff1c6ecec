"""What is asked of a net, one file each: its loss, its answers and its scores."""

from brique.tasks.classify import Answer as Answer
from brique.tasks.classify import accuracy as accuracy
from brique.tasks.rest import at_rest as at_rest
