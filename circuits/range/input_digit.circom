// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Bounds one digit of an input tensor: 0 ≤ digit < 2^b.
//
//   digit   integer, 0 ≤ digit < 2^b
//
// Cost: b rows and b − 1 wires. The lowest bit is the expression digit − Σ_{i≥1} 2^i·b_i, so no row is linear.
// Unique: digit = b_0 + Σ_{i≥1} 2^i·b_i with all b_i boolean has one solution, as 2^b ≤ 2^251 < r.
template InputDigit(b) {
    assert(b >= 1 && b <= 251);
    signal input digit;
    // Position i holds bit i + 1.
    signal bits[b - 1];

    var rest = digit;
    for (var i = 1; i < b; i++) {
        // Boolean; fixed by the decomposition that the row on `rest` closes.
        bits[i - 1] <-- (digit >> i) & 1;
        bits[i - 1] * (bits[i - 1] - 1) === 0;
        rest -= bits[i - 1] * (1 << i);
    }
    rest * (rest - 1) === 0;
}
