// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// The larger of two integers.
//
//   a, b    integers, −2^(n−1) ≤ a − b < 2^(n−1)
//   out     max(a, b)
//
// Cost: n + 2 rows.
// Unique: bits are boolean and Σ 2^i·bits[i] = a − b + 2^(n−1) < 2^n < r has one solution; its top digit is [a ≥ b],
// and out is a product of known values.
template Max(n) {
    assert(n >= 2 && n <= 250);
    signal input a;
    signal input b;
    signal output out;

    signal bits[n];
    var sum = 0;
    for (var i = 0; i < n; i++) {
        // Boolean, and fixed by the sum below.
        bits[i] <-- ((a - b + (1 << (n - 1))) >> i) & 1;
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === a - b + (1 << (n - 1));
    out <== bits[n - 1] * (a - b) + b;
}
