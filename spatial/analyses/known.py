"""Importing this registers every analysis of this floor."""

import spatial.hydrology.contours
import spatial.hydrology.fill
import spatial.hydrology.flood_exposure
import spatial.hydrology.flow_accumulation
import spatial.hydrology.flow_direction
import spatial.hydrology.hand
import spatial.hydrology.inundation
import spatial.hydrology.runoff
import spatial.hydrology.streams
import spatial.hydrology.sub_basins
import spatial.hydrology.terrain
import spatial.hydrology.watershed
import spatial.land_use.buffer_overlap
import spatial.land_use.code_crosswalk
import spatial.land_use.control_line_check
import spatial.land_use.coverage_check
import spatial.land_use.growth
import spatial.land_use.land_efficiency
import spatial.land_use.land_use_balance
import spatial.land_use.land_use_change
import spatial.land_use.land_use_overlay
import spatial.land_use.plot_ratio
import spatial.land_use.site_selection
import spatial.land_use.statutory_areas
import spatial.land_use.suitability
import spatial.land_use.zonal_statistics
import spatial.traffic.accessibility
import spatial.traffic.assignment
import spatial.traffic.centrality
import spatial.traffic.impact
import spatial.traffic.network
import spatial.traffic.paths
import spatial.traffic.service_area
import spatial.traffic.state
import spatial.traffic.trip_distribution
import spatial.traffic.trip_generation  # noqa: F401
