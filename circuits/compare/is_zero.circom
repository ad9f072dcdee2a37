// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// out = [x = 0].
//
//   x       any field element; what is constant is decided at compile time instead
//   out     0 or 1
//
// Cost: 3 rows.
// Unique: x ≠ 0 forces out = 0 (second row) and then inverse = 1/x (first); x = 0 forces out = 1 (first) and then
// inverse = 0 (third row, which the usual two-row zero test lacks).
template IsZero() {
    signal input x;
    signal output out;

    signal inverse;
    // The field inverse of x, or 0; fixed by the three rows below.
    inverse <-- x != 0 ? 1 / x : 0;
    out <== 1 - x * inverse;
    x * out === 0;
    inverse * out === 0;
}
