"""Golden values of sums of discrete Gaussians, from their definition.

The distribution of a sum is computed by convolution, in 80 digits for shares with few grid steps and in double precision
(all terms positive, so nothing cancels) for shares with many. From it follow the largest logarithm of the ratio to one
discrete Gaussian with the same variance parameter, and the exact delta of a sum that one account moves by `sensitivity`:
the sum over all y of the positive part of P(y) - exp(epsilon) P(y - sensitivity).

Writes tests/golden/discrete_sums.json. Needs: pip install mpmath==1.4.1 numpy
Usage: python tools/oracles/discrete_sums.py > tests/golden/discrete_sums.json
"""

import json
from importlib.metadata import version

import mpmath as mp
import numpy as np

mp.mp.dps = 80
EPSILONS = [0.0, 0.1, 0.5, 1.0, 2.0, 4.0]
# (deviation of a share, shares, sensitivity)
FEW_STEPS = [(0.5, 2, 1), (0.5, 4, 1), (0.75, 3, 2), (1, 2, 1), (1, 6, 2), (1.5, 4, 3), (2, 5, 4), (3, 8, 6)]
MANY_STEPS = [(512, 4, 512), (512, 4, 1024), (400, 9, 300), (1024, 2, 2048)]


def one(variance, reach):
    """Probabilities of one discrete Gaussian on -reach .. reach."""
    weights = [mp.exp(-mp.mpf(y) ** 2 / (2 * variance)) for y in range(-reach, reach + 1)]
    total = mp.fsum(weights)
    return [weight / total for weight in weights]


def convolve(a, b):
    """Probabilities of the sum of two independent integers."""
    result = [mp.mpf(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def exact(deviation, shares, sensitivity):
    """In 80 digits."""
    variance = mp.mpf(deviation) ** 2
    # What is cut off weighs less than exp(-450).
    share = one(variance, int(30 * deviation) + 1)
    total = share
    for _ in range(1, shares):
        total = convolve(total, share)
    reach = (len(total) - 1) // 2
    whole = one(variance * shares, reach)
    # As far as cutting off does not show.
    middle = range(reach - int(8 * deviation), reach + int(8 * deviation) + 1)
    gap = max(abs(mp.log(total[y] / whole[y])) for y in middle)
    deltas = []
    for epsilon in EPSILONS:
        factor = mp.exp(mp.mpf(epsilon))
        shifted = [mp.mpf(0)] * sensitivity + total
        padded = total + [mp.mpf(0)] * sensitivity
        delta = mp.fsum(max(p - factor * q, mp.mpf(0)) for p, q in zip(padded, shifted))
        deltas.append([epsilon, float(delta)])
    return {"gap": float(gap), "delta_at": deltas}


def double(deviation, shares, sensitivity):
    """In double precision."""
    reach = 14 * deviation
    y = np.arange(-reach, reach + 1, dtype=np.float64)
    share = np.exp(-0.5 * (y / deviation) ** 2)
    share /= share.sum()
    total = share
    for _ in range(1, shares):
        total = np.convolve(total, share)
    pad = np.zeros(sensitivity)
    p, q = np.concatenate([total, pad]), np.concatenate([pad, total])
    return {
        "gap": None,
        "delta_at": [[epsilon, float(np.maximum(p - np.exp(epsilon) * q, 0.0).sum())] for epsilon in EPSILONS],
    }


def rows():
    for method, cases in [(exact, FEW_STEPS), (double, MANY_STEPS)]:
        for deviation, shares, sensitivity in cases:
            yield {
                "deviation": deviation,
                "shares": shares,
                "sensitivity": sensitivity,
                **method(deviation, shares, sensitivity),
            }


print(json.dumps({"source": f"mpmath {version('mpmath')}", "sums": list(rows())}, indent=1))
