"""Expressivity: networks built by hand, and the exact linear pieces of trained networks."""

from deepgen.expressivity.breakpoints import Breakpoints, breakpoints
from deepgen.expressivity.constructions.bump import bump
from deepgen.expressivity.constructions.conditioning import Conditioning, conditioning
from deepgen.expressivity.constructions.memorize import memorize
from deepgen.expressivity.constructions.piecewise_linear import piecewise_linear
from deepgen.expressivity.constructions.product import product
from deepgen.expressivity.constructions.rect import rect
from deepgen.expressivity.constructions.square import square
from deepgen.expressivity.constructions.staircase import staircase
from deepgen.expressivity.constructions.tri import tri
from deepgen.expressivity.count_regions import RegionCount, count_regions
from deepgen.expressivity.linear_regions import LinearRegions, linear_regions
from deepgen.expressivity.region_bounds import RegionBounds, region_bounds
from deepgen.expressivity.sampled_patterns import SampledPatterns, sampled_patterns
from deepgen.expressivity.trajectory_length import TrajectoryLength, trajectory_length

__all__ = [
    "Breakpoints",
    "Conditioning",
    "LinearRegions",
    "RegionBounds",
    "RegionCount",
    "SampledPatterns",
    "TrajectoryLength",
    "breakpoints",
    "bump",
    "conditioning",
    "count_regions",
    "linear_regions",
    "memorize",
    "piecewise_linear",
    "product",
    "rect",
    "region_bounds",
    "sampled_patterns",
    "square",
    "staircase",
    "trajectory_length",
    "tri",
]
