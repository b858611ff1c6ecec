"""What the engine plays: batches, ragged fields, the store, streams, splits, augmentation."""
