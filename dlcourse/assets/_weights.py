"""Load weights as data, never as code."""

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from dlcourse.assets._errors import AssetError

if TYPE_CHECKING:
    from torch import Tensor


def load(file: Path) -> "dict[str, Tensor]":
    """Return the tensors in a file; see :func:`dlcourse.assets.load_state_dict`."""
    # Here, because whoever only looks at the catalogue should not wait for PyTorch.
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise AssetError(
            f"{file} does not exist; dlcourse.assets.path says where files lie"
        ) from None
    except pickle.UnpicklingError as error:
        raise AssetError(
            f"{file} holds something that is no plain tensor, perhaps code, and was not loaded: "
            f"{str(error).splitlines()[0]} Use a file of plain weights, best a .safetensors file"
        ) from error
    except (RuntimeError, EOFError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AssetError(
            f"{file} is damaged or no file of weights: {reason}; fetch it again"
        ) from error
    if not isinstance(weights, dict) or not all(map(torch.is_tensor, weights.values())):
        raise AssetError(f"{file} holds no dictionary of tensors; save model.state_dict() alone")
    return dict(weights)
