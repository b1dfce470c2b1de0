"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.attributions import attributions
from deepgen.generalization.certified_ranges.output_bounds import OutputBounds, output_bounds
from deepgen.generalization.compressibility.compress import Compressed, compress
from deepgen.generalization.compressibility.compression import Compression, compression
from deepgen.generalization.diversity import Diversity, diversity
from deepgen.generalization.fit_poisoned import PoisonedFit, fit_poisoned
from deepgen.generalization.granulated_kendall import (
    GranulatedKendall,
    HyperParameterKendall,
    granulated_kendall,
)
from deepgen.generalization.influence import Influence, influence
from deepgen.generalization.intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from deepgen.generalization.lipschitz_constants.lipschitz import Lipschitz, lipschitz
from deepgen.generalization.measures import Measures, measures
from deepgen.generalization.neural_collapse import NeuralCollapse, neural_collapse
from deepgen.generalization.norms.margins import ClassMargins, Margins, margins
from deepgen.generalization.norms.norm_bounds import NormBound, NormBounds, norm_bounds
from deepgen.generalization.norms.spectral_complexity import SpectralComplexity, spectral_complexity
from deepgen.generalization.ntk import NTK, ntk
from deepgen.generalization.offset_law import OffsetLaw, offset_law
from deepgen.generalization.random_weights.laplace import Laplace, laplace
from deepgen.generalization.random_weights.noise_flatness import NoiseFlatness, noise_flatness
from deepgen.generalization.random_weights.pac_bayes import PacBayes, pac_bayes
from deepgen.generalization.randomize import randomize
from deepgen.generalization.sharpness.keskar_sharpness import KeskarSharpness, keskar_sharpness
from deepgen.generalization.sharpness.sam_sharpness import SamSharpness, sam_sharpness
from deepgen.probe.attributions import Attributions

__all__ = [
    "Attributions",
    "ClassMargins",
    "Compressed",
    "Compression",
    "Diversity",
    "GranulatedKendall",
    "HyperParameterKendall",
    "Influence",
    "IntrinsicDimension",
    "KeskarSharpness",
    "Laplace",
    "Lipschitz",
    "Margins",
    "Measures",
    "NTK",
    "NeuralCollapse",
    "NoiseFlatness",
    "NormBound",
    "NormBounds",
    "OffsetLaw",
    "OutputBounds",
    "PacBayes",
    "PoisonedFit",
    "SamSharpness",
    "SpectralComplexity",
    "attributions",
    "compress",
    "compression",
    "diversity",
    "fit_poisoned",
    "granulated_kendall",
    "influence",
    "intrinsic_dimension",
    "keskar_sharpness",
    "laplace",
    "lipschitz",
    "margins",
    "measures",
    "neural_collapse",
    "noise_flatness",
    "norm_bounds",
    "ntk",
    "offset_law",
    "output_bounds",
    "pac_bayes",
    "randomize",
    "sam_sharpness",
    "spectral_complexity",
]
