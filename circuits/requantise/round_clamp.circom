// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Rounding half up, clamped to b bits: y = min(max(⌊(x + h) / 2^s⌋, 0), 2^b − 1), where h = 2^(s−1), or 0 when s = 0.
//
//   x       integer, −2^(n−1) − h ≤ x < 2^(n−1) − h
//   y       0 ≤ y < 2^b
//
// Cost: n + 5 rows.
// Unique: the digits of x + h + 2^(n−1) are (Bits). Let t be the top one (1: not negative) and `outside` = 1 − t plus the
// number of digits set at or above 2^b, between 0 and n. outside ≠ 0 forces fits = 0 (second row) and then
// inverse = 1/outside (first); outside = 0 forces fits = 1 (first) and then inverse = 0 (third row, which the usual
// two-row zero test lacks). y = fits·low + (t − fits)·(2^b − 1) is low when it fits, the top value when too large, 0
// when negative.
template RoundClamp(n, s, b) {
    assert(b >= 1 && s >= 0 && s + b < n - 1 && n <= 250);
    signal input x;
    signal output y;

    var half = s == 0 ? 0 : 1 << (s - 1);
    component digits = Bits(n, (1 << (n - 1)) + half);
    digits.in <== x;
    var low = 0;
    for (var i = s; i < s + b; i++) low += digits.bits[i] * (1 << (i - s));
    var outside = 1 - digits.bits[n - 1];
    for (var i = s + b; i < n - 1; i++) outside += digits.bits[i];

    signal inverse;
    signal fits;
    // The field inverse of `outside`, or 0; fixed by the three rows below.
    inverse <-- outside != 0 ? 1 / outside : 0;
    fits <== 1 - outside * inverse;
    outside * fits === 0;
    inverse * fits === 0;

    var top = (1 << b) - 1;
    y <== fits * (low - top) + digits.bits[n - 1] * top;
}
