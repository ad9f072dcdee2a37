// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Rounding half up, together with the positive part: z = ⌊(x + h) / 2^s⌋ and positive = max(z, 0), where h = 2^(s−1),
// or 0 when s = 0. LeakyRelu and its kin are linear in the two.
//
//   x         integer, −2^(n−1) − h ≤ x < 2^(n−1) − h
//   z         −2^(n−1−s) ≤ z < 2^(n−1−s)
//   positive  0 ≤ positive < 2^(n−1−s)
//
// Cost: n + 3 rows.
// Unique: the digits of x + h + 2^(n−1) are (Bits); z is linear in them and positive is a product of two such sums.
template RoundSplit(n, s) {
    assert(s >= 0 && s < n - 1 && n <= 250);
    signal input x;
    signal output z;
    signal output positive;

    var half = s == 0 ? 0 : 1 << (s - 1);
    component digits = Bits(n, (1 << (n - 1)) + half);
    digits.in <== x;
    var rounded = 0;
    for (var i = s; i < n - 1; i++) rounded += digits.bits[i] * (1 << (i - s));
    z <== rounded + (digits.bits[n - 1] - 1) * (1 << (n - 1 - s));
    positive <== digits.bits[n - 1] * rounded;
}
