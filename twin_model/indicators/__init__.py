"""Indicators (城市体征): formulas over layers, series, cases and alerts, with targets."""
