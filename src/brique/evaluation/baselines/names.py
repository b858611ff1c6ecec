"""Titles of the baselines that tasks share."""

NAMES = {
    "logistic": "logistic regression",
    "svm": "RBF-SVM",
    "neighbors": "nearest neighbors",
    "forest": "random forest",
    "boosting": "gradient boosting",
    "bayes": "naive Bayes",
    "linear": "linear regression",
    "mean": "the mean",
    "majority": "most frequent class",
}
"""Titles in sentences and tables: "Best baseline: RBF-SVM, 99.2%"."""
