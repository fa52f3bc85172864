"""File formats: each reader is one file, and gives layers as streams of columns and WKB."""
