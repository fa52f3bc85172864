"""The embedded default: a private PostgreSQL cluster with PostGIS, shared by our processes."""

from spatial.postgres.cluster import Cluster, running, stop
from spatial.postgres.find import Installation, best, installations
from spatial.postgres.place import default_data_dir

__all__ = [
    "Cluster",
    "Installation",
    "best",
    "default_data_dir",
    "installations",
    "running",
    "stop",
]
