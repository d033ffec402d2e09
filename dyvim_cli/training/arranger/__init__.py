"""Write training music that answers event curves: the decoder's teacher of style, form and timing."""

from dyvim_cli.training.arranger.library import corpus
from dyvim_cli.training.arranger.writer import arrange

__all__ = ["arrange", "corpus"]
