"""Golden values of privacy accounting, from Google's dp_accounting.

Writes tests/golden/accounting.json. Needs: pip install dp-accounting==0.6.0
Usage: python tools/oracles/gaussian_dp.py > tests/golden/accounting.json
"""

import json
import math
from importlib.metadata import version

import numpy as np
from dp_accounting import dp_event, gaussian_mechanism
from dp_accounting.pld import privacy_loss_mechanism as mechanism
from dp_accounting.rdp import rdp_privacy_accountant

NOISE = [0.3, 0.5, 0.8, 1.0, 1.5, 2.5, 4.0, 7.5, 15.0, 40.0]
RELEASES = [1, 2, 12, 52]
EPSILONS = [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
DELTAS = [1e-3, 1e-5, 1e-6, 1e-9, 1e-12]


def gaussian():
    """Exact: n releases with noise z are one with noise z / sqrt(n)."""
    for noise in NOISE:
        for releases in RELEASES:
            loss = mechanism.GaussianPrivacyLoss(noise / math.sqrt(releases))
            yield {
                "noise": noise,
                "releases": releases,
                "delta_at": [[e, float(loss.get_delta_for_epsilon(e))] for e in EPSILONS],
                "epsilon_of": [
                    [d, float(gaussian_mechanism.get_epsilon_gaussian(noise / math.sqrt(releases), d, tol=1e-13))]
                    for d in DELTAS
                ],
            }


def calibration():
    """Smallest noise of one release for (epsilon, delta)."""
    for epsilon in EPSILONS:
        for delta in DELTAS:
            noise = float(gaussian_mechanism.get_sigma_gaussian(epsilon, delta, tol=1e-13))
            yield {"epsilon": epsilon, "delta": delta, "noise": noise}


def discrete():
    """Exact: one integer with discrete Gaussian noise."""
    for deviation, sensitivity in [(1, 1), (2, 1), (3, 2), (10, 3), (40, 40), (200, 50), (1000, 700)]:
        loss = mechanism.DiscreteGaussianPrivacyLoss(
            deviation, sensitivity=sensitivity, truncation_bound=40 * deviation + sensitivity
        )
        yield {
            "deviation": deviation,
            "sensitivity": sensitivity,
            "delta_at": [[e, float(loss.get_delta_for_epsilon(e))] for e in [0.0, 0.1, 0.5, 1.0, 2.0, 3.0]],
        }


def concentrated():
    """Upper bound by the conversion from Renyi divergences, over orders that are dense around the best one."""

    def best(rho, delta, orders):
        accountant = rdp_privacy_accountant.RdpAccountant(orders)
        accountant.compose(dp_event.ZCDpEvent(rho))
        return accountant.get_epsilon_and_optimal_order(delta)

    for rho in [1e-4, 1e-3, 0.01, 0.05, 0.125, 0.5, 1.0, 2.0, 8.0]:
        rows = []
        for delta in DELTAS:
            _, order = best(rho, delta, 1.0 + np.logspace(-4, 6, 100_001))
            epsilon, _ = best(rho, delta, 1.0 + (order - 1.0) * np.linspace(0.999, 1.001, 100_001))
            rows.append([delta, float(epsilon)])
        yield {"rho": rho, "epsilon_of": rows}


print(
    json.dumps(
        {
            "source": f"dp-accounting {version('dp-accounting')}",
            "gaussian": list(gaussian()),
            "calibration": list(calibration()),
            "discrete": list(discrete()),
            "concentrated": list(concentrated()),
        },
        indent=1,
    )
)
