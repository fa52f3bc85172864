"""Assets, series, observations and state: the room above the datasets, not furnished yet."""
