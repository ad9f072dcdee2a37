// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Sign of an integer: out = [x ≥ 0].
//
//   x       integer, −2^(n−1) ≤ x < 2^(n−1)
//   out     0 or 1
//
// Cost: n + 1 rows.
// Unique: the digits of x + 2^(n−1) are (Bits), and out is the top one.
template NonNegative(n) {
    assert(n >= 2 && n <= 250);
    signal input x;
    signal output out;

    component digits = Bits(n, 1 << (n - 1));
    digits.in <== x;
    out <== digits.bits[n - 1];
}
