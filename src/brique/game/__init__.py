"""The engine: training is a game of players who own parameters, pay losses and move in turn."""

from brique.game.game import Game as Game
from brique.game.gradients import gradient as gradient
from brique.game.play import Turn as Turn
from brique.game.player import Player as Player
from brique.game.schedule import cosine as cosine
from brique.game.schedule import linear as linear
from brique.game.schedule import steps as steps
from brique.game.schedule import warmup as warmup
