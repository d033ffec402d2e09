"""Build RAFT's blocks (arXiv 2003.12039): residual features, motion from correlation, a GRU, a flow head.

Named as torchvision names them, so that weights go from one to the other. torchvision itself would load all
its models and data sets with them, and the compiler's front unless that is held off.

Letters: B pictures; H, W their sides; h = H / 8, w = W / 8.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ConvNormReLU(nn.Sequential):
    """A convolution that keeps the size (but for its stride), with a batch norm and a ReLU where wanted.

    Args:
        before: channels that come in.
        after: channels that go out.
        kernel: side of the kernel, odd, px.
        stride: px.
        has_norm: whether a batch norm follows.
        has_relu: whether a ReLU ends it.
    """

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        stride: int = 1,
        *,
        has_norm: bool = True,
        has_relu: bool = True,
    ):
        layers: list[nn.Module] = [nn.Conv2d(before, after, kernel, stride, kernel // 2)]
        layers += [nn.BatchNorm2d(after)] * has_norm
        layers += [nn.ReLU(inplace=True)] * has_relu
        super().__init__(*layers)


class BottleneckBlock(nn.Module):
    """A residual block whose middle has a quarter of its channels.

    Args:
        before: channels that come in.
        after: channels that go out.
        stride: px.
    """

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        middle = after // 4
        self.convnormrelu1 = ConvNormReLU(before, middle, 1)
        self.convnormrelu2 = ConvNormReLU(middle, middle, 3, stride)
        self.convnormrelu3 = ConvNormReLU(middle, after, 1)
        self.downsample: nn.Module = (
            nn.Identity()
            if stride == 1 and before == after
            else ConvNormReLU(before, after, 1, stride, has_relu=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the convolved to the given.

        Args:
            x: [B, before, H, W].

        Returns:
            [B, after, H / stride, W / stride].
        """
        y = self.convnormrelu3(self.convnormrelu2(self.convnormrelu1(x)))
        return (y + self.downsample(x)).relu_()


class FeatureEncoder(nn.Module):
    """Features of pictures at an eighth of their size.

    Args:
        widths: channels after the first convolution, the three pairs of blocks, and the last convolution.
        strides: of the first convolution and of each pair of blocks, px; 8 in all.
    """

    def __init__(self, widths: Sequence[int], strides: Sequence[int]):
        super().__init__()
        self.convnormrelu = ConvNormReLU(3, widths[0], 7, strides[0])
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(BottleneckBlock(before, after, stride), BottleneckBlock(after, after))
            for before, after, stride in zip(widths, widths[1:4], strides[1:], strict=False)
        )
        self.conv = nn.Conv2d(widths[3], widths[4], kernel_size=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            x: [B, 3, H, W], -1..1.

        Returns:
            [B, widths[-1], h, w].
        """
        features: Tensor = self.conv(self.layer3(self.layer2(self.layer1(self.convnormrelu(x)))))
        return features


class FlowMotion(nn.Module):
    """Features of motion from correlation and the flow so far, which is their last two channels.

    Args:
        correlations: channels of correlation.
        correlation_width: channels made of them.
        flow_widths: channels of the two convolutions of the flow.
        width: channels that go out.
    """

    def __init__(self, correlations: int, correlation_width: int, flow_widths: tuple[int, int], width: int):
        super().__init__()
        first, second = flow_widths
        self.convcorr1 = ConvNormReLU(correlations, correlation_width, 1, has_norm=False)
        self.convflow1 = ConvNormReLU(2, first, 7, has_norm=False)
        self.convflow2 = ConvNormReLU(first, second, 3, has_norm=False)
        self.conv = ConvNormReLU(correlation_width + second, width - 2, 3, has_norm=False)

    def forward(self, flow: Tensor, correlation: Tensor) -> Tensor:
        """Encode motion.

        Args:
            flow: [B, 2, h, w] in cells.
            correlation: [B, correlations, h, w].

        Returns:
            [B, width, h, w].
        """
        both = torch.cat([self.convcorr1(correlation), self.convflow2(self.convflow1(flow))], dim=1)
        return torch.cat([self.conv(both), flow], dim=1)


class ConvGRU(nn.Module):
    """A gated recurrent unit of 1 x 1 convolutions.

    Args:
        width: channels of what comes in.
        hidden: channels of the state.
    """

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.convz, self.convr, self.convq = (nn.Conv2d(hidden + width, hidden, 1) for _ in range(3))

    def forward(self, state: Tensor, x: Tensor) -> Tensor:
        """Take in a step.

        Args:
            state: [B, hidden, h, w].
            x: [B, width, h, w].

        Returns:
            The next state.
        """
        both = torch.cat([state, x], dim=1)
        update, reset = self.convz(both).sigmoid(), self.convr(both).sigmoid()
        wanted = self.convq(torch.cat([reset * state, x], dim=1)).tanh()
        return (1 - update) * state + update * wanted


class FlowHead(nn.Module):
    """A step of the flow from the recurrent state.

    Args:
        width: channels of the state.
        hidden: channels between the convolutions.
    """

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Propose a step.

        Args:
            x: [B, width, h, w].

        Returns:
            [B, 2, h, w] in cells.
        """
        step: Tensor = self.conv2(self.conv1(x).relu())
        return step


def make_coords_grid(batch: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Number the places of a picture.

    Args:
        batch: B.
        height: H.
        width: W.
        device: where it is made.

    Returns:
        [B, 2, H, W] float32 (x, y).
    """
    rows, columns = (torch.arange(side, device=device, dtype=torch.float32) for side in (height, width))
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y])[None].repeat(batch, 1, 1, 1)
