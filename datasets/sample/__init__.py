"""The generated sample city, as frames."""

from datasets.sample.city import SampleCity, SampleLayer, SampleRaster, sample_city

__all__ = ["SampleCity", "SampleLayer", "SampleRaster", "sample_city"]
