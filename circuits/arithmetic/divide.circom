// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Floor division: quotient = ⌊numerator / denominator⌋.
//
//   numerator    0 ≤ numerator
//   denominator  1 ≤ denominator ≤ 2^d; 0 has no witness
//   quotient     0 ≤ quotient < 2^q; a larger quotient has no witness
//
// Cost: q + 2d + 3 rows; one less when q = 1, as the quotient is then the digit itself.
// Unique: with all digits boolean, 0 ≤ rem < 2^d, 0 ≤ slack < 2^d and slack = denominator − 1 − rem, so
// 0 ≤ rem < denominator ≤ 2^(d+1). quotient·denominator + rem < 2^(q+d+2) ≤ 2^251 < r, so the equation with the
// numerator holds over the integers, where quotient and remainder are unique.
template Divide(q, d) {
    assert(q >= 1 && d >= 1 && q + d <= 249);
    signal input numerator;
    signal input denominator;
    signal output quotient;

    signal quotientBits[q];
    signal remBits[d];
    signal slackBits[d];
    var value = numerator \ denominator;
    var rem = numerator - value * denominator;
    var slack = denominator - 1 - rem;

    var quotientSum = 0;
    for (var i = 0; i < q; i++) {
        // Boolean; fixed as a digit of the unique quotient.
        quotientBits[i] <-- (value >> i) & 1;
        quotientBits[i] * (quotientBits[i] - 1) === 0;
        quotientSum += quotientBits[i] * (1 << i);
    }
    var remSum = 0;
    var slackSum = 0;
    for (var i = 0; i < d; i++) {
        // Boolean; fixed as a digit of the unique remainder.
        remBits[i] <-- (rem >> i) & 1;
        remBits[i] * (remBits[i] - 1) === 0;
        remSum += remBits[i] * (1 << i);
        // Boolean; fixed as a digit of denominator − 1 − rem.
        slackBits[i] <-- (slack >> i) & 1;
        slackBits[i] * (slackBits[i] - 1) === 0;
        slackSum += slackBits[i] * (1 << i);
    }
    slackSum === denominator - 1 - remSum;
    quotientSum * denominator === numerator - remSum;
    quotient <== quotientSum;
}
