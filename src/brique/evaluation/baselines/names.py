"""What the shared baselines are called."""

NAMES = {
    "logistic": "logistic regression",
    "svm": "an RBF-SVM",
    "neighbors": "nearest neighbors",
    "forest": "a random forest",
    "boosting": "gradient boosting",
    "bayes": "naive Bayes",
    "linear": "linear regression",
    "mean": "always answering the mean",
    "majority": "always answering the commonest class",
}
"""What the methods are called in a sentence."""
