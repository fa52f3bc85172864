"""Land-use planning on polygon layers: overlays and the balances read from them."""

from spatial.land_use.statutory import statutory_area

__all__ = ["statutory_area"]
