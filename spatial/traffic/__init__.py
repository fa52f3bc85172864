"""Traffic: networks, paths, trips and their equilibrium. Kernels on arrays, analyses on layers."""
