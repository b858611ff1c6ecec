"""The engine's data: batches, ragged fields, the store, streams, splits, augmentation."""
