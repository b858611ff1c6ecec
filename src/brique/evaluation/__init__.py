"""How results are found and told, whatever the task: metrics, intervals, baselines, sentences."""
