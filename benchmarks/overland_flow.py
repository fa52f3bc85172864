"""landlab's OverlandFlow, run in its own environment: prints million cells × steps in a second."""

import sys
import time

import numpy as np
from landlab import RasterModelGrid
from landlab.components import OverlandFlow

side, dx, steps = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
grid = RasterModelGrid((side, side), xy_spacing=dx)
grid.add_field(
    "topographic__elevation", np.random.default_rng(1).uniform(0, 0.2, side * side), at="node"
)
grid.add_zeros("surface_water__depth", at="node")
flow = OverlandFlow(grid, mannings_n=0.03, rainfall_intensity=1e-5)
grid.at_node["surface_water__depth"][:] = 1.0
step = 0.7 * dx / np.sqrt(9.80665 * 1.2)
flow.overland_flow(dt=step)
began = time.perf_counter()
for _ in range(steps):
    flow.overland_flow(dt=step)
print(side * side * steps / (time.perf_counter() - began) / 1e6)
