// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Binary digits of in + offset.
//
//   in      integer, −offset ≤ in < 2^n − offset
//   bits[i] digit i of in + offset, least significant first
//
// Cost: n + 1 rows (n booleans, one sum).
// Unique: the digits are boolean, and Σ 2^i·bits[i] ≤ 2^n − 1 < r takes each value once, so the sum fixes them all.
// An input outside its interval has no witness.
template Bits(n, offset) {
    assert(n >= 1 && n <= 251);
    assert(offset >= 0 && offset < 1 << n);
    signal input in;
    signal output bits[n];

    var sum = 0;
    for (var i = 0; i < n; i++) {
        // Boolean, and fixed by the sum below.
        bits[i] <-- ((in + offset) >> i) & 1;
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === in + offset;
}
