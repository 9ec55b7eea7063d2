"""Pictures of records: curves, settings from best to worst, samples."""
