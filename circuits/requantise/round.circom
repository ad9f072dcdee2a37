// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Rounding half up to a coarser scale: y = ⌊(x + 2^(s−1)) / 2^s⌋.
//
//   x       integer, −2^(s−1) ≤ x < 2^n − 2^(s−1)
//   y       0 ≤ y < 2^(n−s)
//
// Cost: n + 2 rows; one less when n − s = 1, as y is then the digit itself.
// Unique: the digits of x + 2^(s−1) are (Bits), and y is linear in them.
template Round(n, s) {
    assert(s >= 1 && s < n);
    signal input x;
    signal output y;

    component digits = Bits(n, 1 << (s - 1));
    digits.in <== x;
    var sum = 0;
    for (var i = s; i < n; i++) sum += digits.bits[i] * (1 << (i - s));
    y <== sum;
}
