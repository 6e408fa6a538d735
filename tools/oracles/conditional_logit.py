"""Golden values of conditional logistic regression.

With two candidates of which one is chosen it is the logistic regression of their difference without an intercept: from
scikit-learn. With more candidates: the same minimum found by scipy's general optimizer.

Writes tests/golden/conditional_logit.json. Needs: pip install scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
Usage: python tools/oracles/conditional_logit.py > tests/golden/conditional_logit.json
"""

import json

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

FEATURES = 10
PENALTY = 0.7

generator = np.random.default_rng(7)
truth = generator.normal(size=FEATURES)


def pairs():
    """One chosen and one other candidate."""
    rows = np.round(generator.normal(size=(60, 2, FEATURES)), 3)
    chances = 1 / (1 + np.exp(-(rows[:, 0] - rows[:, 1]) @ truth))
    swap = generator.random(60) > chances
    rows[swap] = rows[swap][:, ::-1]
    differences = rows[:, 0] - rows[:, 1]
    signs = np.where(np.arange(60) % 2 == 0, 1, -1)
    model = LogisticRegression(fit_intercept=False, C=1 / PENALTY, tol=1e-10, max_iter=10_000)
    model.fit(differences * signs[:, None], signs)
    return rows.tolist(), model.coef_[0].tolist()


def groups():
    """Three to six candidates of which one or two are chosen."""
    choices = []
    for number in range(40):
        rows = np.round(generator.normal(size=(3 + number % 4, FEATURES)), 3)
        order = np.argsort(-(rows @ truth + generator.gumbel(size=len(rows))))
        choices.append((rows, order[: 1 + number % 2]))

    def loss(weights):
        each = [logsumexp(rows @ weights) - np.mean(rows[chosen] @ weights) for rows, chosen in choices]
        return sum(each) + PENALTY / 2 * weights @ weights

    found = minimize(loss, np.zeros(FEATURES), method="BFGS", options={"gtol": 1e-8, "maxiter": 10_000})
    listed = [{"candidates": rows.tolist(), "chosen": chosen.tolist()} for rows, chosen in choices]
    return listed, found.x.tolist()


pair_rows, pair_weights = pairs()
group_rows, group_weights = groups()
print(
    json.dumps(
        {
            "source": "scikit-learn 1.9.1 (pairs), scipy 1.17.1 (groups)",
            "penalty": PENALTY,
            "pairs": pair_rows,
            "pair_weights": pair_weights,
            "groups": group_rows,
            "group_weights": group_weights,
        }
    )
)
