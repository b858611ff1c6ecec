"""Networks made of bricks, each built by a function of JSON values that a model can name."""

from collections.abc import Callable

from torch import nn

from brique.nets.autoencoder import autoencoder as autoencoder
from brique.nets.autoencoder import autoencoder_arguments as autoencoder_arguments
from brique.nets.autoencoder import generator as generator
from brique.nets.builder import builder as builder
from brique.nets.builder import built_by as built_by
from brique.nets.detector import detector as detector
from brique.nets.detector import detector_arguments as detector_arguments
from brique.nets.fields import fields as fields
from brique.nets.forecaster import forecaster as forecaster
from brique.nets.residual import residual as residual
from brique.nets.residual import residual_arguments as residual_arguments
from brique.nets.squeezenet import squeezenet as squeezenet
from brique.nets.tagger import tagger as tagger
from brique.nets.translator import translator as translator
from brique.nets.unet import unet as unet
from brique.nets.unet import unet_arguments as unet_arguments

BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "brique.nets.autoencoder": autoencoder,
    "brique.nets.detector": detector,
    "brique.nets.fields": fields,
    "brique.nets.forecaster": forecaster,
    "brique.nets.generator": generator,
    "brique.nets.residual": residual,
    "brique.nets.squeezenet": squeezenet,
    "brique.nets.tagger": tagger,
    "brique.nets.translator": translator,
    "brique.nets.unet": unet,
}
"""The closed table of builders that model.json may name."""
