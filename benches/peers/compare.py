#!/usr/bin/env python3
"""Measures implicit and irspack on splits that `shoal evaluate --export-split DIR` wrote.

usage: compare.py MODEL FACTORS DIR [DIR ...]     MODEL: implicit | irspack
needs: pip install numpy scipy implicit==0.7.3 irspack==0.5.2
environment: OPENBLAS_NUM_THREADS=1, so that only the two threads of the library itself work.

One JSON line per directory: NDCG@100, Recall@20 and Recall@50 on its test users, and the CPU and wall seconds of fitting
and scoring. Hyper-parameters are those chosen on the validation users of MovieLens-1M; see docs/research.md.
With `--parameters KEY=VALUE,...` others are used, with `--users validation` the validation users are scored, with `--seed N`
the random start is another.
"""

import argparse
import csv
import json
import os
import resource
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sparse

CHOSEN = {
    ("implicit", 64): {"alpha": 5, "regularization": 30},
    ("implicit", 128): {"alpha": 5, "regularization": 50},
    ("irspack", 64): {"alpha0": 0.1, "regularization": 0.01},
    ("irspack", 128): {"alpha0": 0.2, "regularization": 0.008},
}
THREADS = 2


def pairs(path):
    with open(path, newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return [(user, item) for user, item in rows]


def matrix(rows, items):
    """Users as rows, in order of first occurrence, and their names."""
    users = {}
    for user, _ in rows:
        users.setdefault(user, len(users))
    places = [(users[user], items[item]) for user, item in rows]
    shape = (len(users), len(items))
    return sparse.csr_matrix((np.ones(len(places), np.float32), tuple(zip(*places))), shape=shape), list(users)


def read(directory, kind):
    training_rows = pairs(f"{directory}/training.tsv")
    items = {}
    for _, item in training_rows:
        items.setdefault(item, len(items))
    training, _ = matrix(training_rows, items)
    given, users = matrix(pairs(f"{directory}/{kind}-fold-in.tsv"), items)
    targets = {user: [] for user in users}
    for user, item in pairs(f"{directory}/{kind}-targets.tsv"):
        targets[user].append(items[item])
    return training, given, [np.array(targets[user]) for user in users]


def quality(scores, given, targets):
    scores = np.array(scores, dtype=np.float32)
    scores[given.nonzero()] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :100]
    discounts = 1 / np.log2(np.arange(100) + 2)
    sums = np.zeros(3)
    for row, wanted in zip(best, targets):
        hits = np.isin(row, wanted)
        sums += (
            (hits * discounts).sum() / discounts[: len(wanted)].sum(),
            hits[:20].sum() / min(20, len(wanted)),
            hits[:50].sum() / min(50, len(wanted)),
        )
    return dict(zip(("ndcg_100", "recall_20", "recall_50"), (sums / len(targets)).round(5)))


def implicit(training, given, factors, parameters, seed):
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=factors, num_threads=THREADS, random_state=seed, use_gpu=False, **parameters
    )
    model.fit(training, show_progress=False)
    folded = model.recalculate_user(np.arange(given.shape[0]), given)
    return folded @ model.item_factors.T


def irspack(training, given, factors, parameters, seed):
    from irspack import IALSRecommender

    settings = {"alpha0": parameters["alpha0"], "reg": parameters["regularization"]}
    if "epochs" in parameters:
        settings["train_epochs"] = int(parameters["epochs"])
    model = IALSRecommender(training, n_components=factors, n_threads=THREADS, random_seed=seed, **settings)
    model.learn()
    return model.get_score_cold_user(given)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=("implicit", "irspack"))
    parser.add_argument("factors", type=int)
    parser.add_argument("directories", nargs="+")
    parser.add_argument("--parameters", default="")
    parser.add_argument("--users", choices=("test", "validation"), default="test")
    parser.add_argument("--seed", type=int, default=1, help="of the random start")
    arguments = parser.parse_args()
    parameters = dict(CHOSEN.get((arguments.model, arguments.factors), {}))
    for setting in filter(None, arguments.parameters.split(",")):
        name, value = setting.split("=")
        parameters[name] = int(value) if value.isdigit() else float(value)
    run = {"implicit": implicit, "irspack": irspack}[arguments.model]
    # Importing is not part of the work.
    __import__(arguments.model)
    for directory in arguments.directories:
        training, given, targets = read(directory, arguments.users)
        cpu, wall = cpu_seconds(), time.monotonic()
        scores = run(training, given, arguments.factors, parameters, arguments.seed)
        used = {"cpu_seconds": round(cpu_seconds() - cpu, 3), "wall_seconds": round(time.monotonic() - wall, 3)}
        found = quality(scores, given, targets)
        line = {"model": arguments.model, "factors": arguments.factors, "split": directory, **parameters, **found, **used}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
