"""The three errors: approximation, estimation and optimization, for a known truth."""

from __future__ import annotations

from deepgen.decomposition.class_truth import ClassTruth
from deepgen.decomposition.decompose import decompose
from deepgen.decomposition.decomposition import Decomposition, Reading
from deepgen.decomposition.gaussian_classes import GaussianClasses
from deepgen.decomposition.gaussian_linear import GaussianLinear
from deepgen.decomposition.heteroscedastic_sine import HeteroscedasticSine, lecture_data
from deepgen.decomposition.noisy_function import NoisyFunction
from deepgen.decomposition.noisy_moons import NoisyMoons
from deepgen.decomposition.teacher_network import TeacherNetwork
from deepgen.decomposition.truth import Truth

__all__ = [
    "ClassTruth",
    "Decomposition",
    "GaussianClasses",
    "GaussianLinear",
    "HeteroscedasticSine",
    "NoisyFunction",
    "NoisyMoons",
    "Reading",
    "TeacherNetwork",
    "Truth",
    "decompose",
    "lecture_data",
]
