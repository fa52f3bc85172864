"""Land-use planning on polygon layers: overlays and the balances read from them."""
