// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bits.circom";

// Bitwise conjunction: out = a & b. Or is a + b − out, exclusive or a + b − 2·out.
//
//   a, b    integers, 0 ≤ a, b < 2^n
//   out     0 ≤ out < 2^n
//
// Cost: 3n + 2 rows; 3 when n = 1, as the inputs are then the digits themselves.
// Unique: the digits of a and b are (Bits), and out is a sum of their products.
template BitwiseAnd(n) {
    assert(n >= 1 && n <= 250);
    signal input a;
    signal input b;
    signal output out;

    component aDigits = Bits(n, 0);
    component bDigits = Bits(n, 0);
    aDigits.in <== a;
    bDigits.in <== b;
    // Position i holds bit i + 1.
    signal both[n - 1];
    var sum = 0;
    for (var i = 1; i < n; i++) {
        both[i - 1] <== aDigits.bits[i] * bDigits.bits[i];
        sum += both[i - 1] * (1 << i);
    }
    out <== aDigits.bits[0] * bDigits.bits[0] + sum;
}
