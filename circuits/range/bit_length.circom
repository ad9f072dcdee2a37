// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Bits of a whole number known at compile time: the least n with value < 2^n.
function bitLength(value) {
    var n = 0;
    while (value >> n != 0) n++;
    return n;
}
