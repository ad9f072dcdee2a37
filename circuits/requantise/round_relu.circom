// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Rounding half up with ReLU: y = max(⌊(x + h) / 2^s⌋, 0), where h = 2^(s−1), or 0 when s = 0.
//
//   x       integer, −2^(n−1) − h ≤ x < 2^(n−1) − h
//   y       0 ≤ y < 2^(n−1−s)
//
// Cost: n + 2 rows.
// Unique: the digits of x + h + 2^(n−1) are (Bits). The top one is 1 exactly when x + h ≥ 0; y is a product of digits.
template RoundRelu(n, s) {
    assert(s >= 0 && s < n - 1 && n <= 250);
    signal input x;
    signal output y;

    var half = s == 0 ? 0 : 1 << (s - 1);
    component digits = Bits(n, (1 << (n - 1)) + half);
    digits.in <== x;
    var rounded = 0;
    for (var i = s; i < n - 1; i++) rounded += digits.bits[i] * (1 << (i - s));
    y <== digits.bits[n - 1] * rounded;
}
