"""The LSTM of lesson 23, for the lessons that compare something with it."""

import torch
from torch import Tensor, nn


class SentimentLSTM(nn.Module):
    """Tell good texts from bad ones: embedding, LSTM in one direction, mean and maximum, linear layer.

    It is the model that lesson 23 builds, with its settings: vectors of 32 numbers, an open forget
    gate (bias 1), half of the elements before the last layer dropped out, and, in training, a tenth
    of the tokens replaced by the unknown one.

    Parameters
    ----------
    vocabulary_size : int
        Number of different token ids. Id 0 is padding, and id 1 the unknown token.
    width : int, default 32
        Elements in the hidden state of the LSTM.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> model = SentimentLSTM(vocabulary_size=100).eval()
    >>> ids = torch.tensor([[5, 6, 7], [8, 0, 0]])
    >>> model(ids, (ids > 0).long()).shape
    torch.Size([2, 2])
    """

    def __init__(self, vocabulary_size: int, width: int = 32) -> None:
        """Draw the first weights."""
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 32)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.reader = nn.LSTM(32, width, batch_first=True)
        biases = dict(self.reader.named_parameters())
        with torch.no_grad():
            biases["bias_ih_l0"][width : 2 * width] = 1.0  # the order is i, f, g, o
            biases["bias_hh_l0"][width : 2 * width] = 0.0
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(2 * width, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of bad and good.

        Parameters
        ----------
        ids : Tensor
            Token ids of N texts, filled up to L tokens, int64, shape (N, L).
        mask : Tensor
            1 for a token of the text and 0 for padding, int64, shape (N, L). Each text has a token.

        Returns
        -------
        Tensor
            Shape (N, 2).
        """
        if self.training:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < 0.1, 1)
        states = self.reader(self.embedding(ids))[0]  # (N, L, H)
        real = mask.unsqueeze(-1)  # (N, L, 1)
        mean = (states * real).sum(1) / real.sum(1)
        maximum = states.masked_fill(real == 0, -torch.inf).amax(1)
        logits: Tensor = self.linear(self.dropout(torch.cat([mean, maximum], dim=1)))
        return logits
