"""Importing this registers every analysis and kind of input of this floor and those below."""

import spatial.analyses.known  # noqa: F401
import twin_model.indicators.analysis
import twin_model.weekly_profile  # noqa: F401
