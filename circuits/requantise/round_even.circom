// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Rounding half to even to a coarser scale: y = x / 2^s to the nearest integer, ties to the even one.
//
//   x       integer, −2^(s−1) ≤ x < 2^n − 2^(s−1)
//   y       0 ≤ y < 2^(n−s)
//
// A caller who shifts x to make it non-negative shifts y by an even number, hence x by a multiple of 2^(s+1): an odd
// shift of y would turn even results into odd ones.
//
// Cost: n + 5 rows.
// Unique: the digits of x + 2^(s−1) are (Bits). Let q·2^s + rem be those digits: q rounds half up, and is one too large
// when x is a tie, rem = 0, and q is odd; that is, when distance = rem + 2^s·(1 − q mod 2) is 0. distance ≠ 0 forces
// oddTie = 0 (second row) and then inverse = 1/distance (first); distance = 0 forces oddTie = 1 (first) and then
// inverse = 0 (third). y is linear in known values.
template RoundEven(n, s) {
    assert(s >= 1 && s < n && n <= 250);
    signal input x;
    signal output y;

    component digits = Bits(n, 1 << (s - 1));
    digits.in <== x;
    var distance = (1 - digits.bits[s]) * (1 << s);
    for (var i = 0; i < s; i++) distance += digits.bits[i] * (1 << i);
    var up = 0;
    for (var i = s; i < n; i++) up += digits.bits[i] * (1 << (i - s));

    signal inverse;
    signal oddTie;
    // The field inverse of `distance`, or 0; fixed by the three rows below.
    inverse <-- distance != 0 ? 1 / distance : 0;
    oddTie <== 1 - distance * inverse;
    distance * oddTie === 0;
    inverse * oddTie === 0;
    y <== up - oddTie;
}
