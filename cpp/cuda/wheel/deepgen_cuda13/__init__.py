"""The plugin of deepgen for GPUs of NVIDIA; deepgen finds it by itself."""

from pathlib import Path

__all__ = ["PATH"]

PATH = str(Path(__file__).with_name("libdeepgen_cuda.so"))
