// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// One-hot form of an index: bits[i] = [index = i].
//
//   index   integer, 0 ≤ index < n; any other has no witness
//   bits    n values, 0 or 1, one of them 1
//
// Cost: n + 2 rows.
// Unique: all bits are boolean and add up to 1 (n < r), so exactly one is set; Σ i·bits[i] = index says which.
template OneHot(n) {
    assert(n >= 2);
    signal input index;
    signal output bits[n];

    // circom copies a sum with each term that is added: partial sums keep long ones quick to compile.
    var part = 64;
    var position = 0;
    var rest = 1;
    for (var start = 1; start < n; start += part) {
        var partPosition = 0;
        var partCount = 0;
        for (var i = start; i < n && i < start + part; i++) {
            // Boolean; fixed by the two sums.
            bits[i] <-- index == i ? 1 : 0;
            bits[i] * (bits[i] - 1) === 0;
            partPosition += bits[i] * i;
            partCount += bits[i];
        }
        position += partPosition;
        rest -= partCount;
    }
    bits[0] <== rest;
    bits[0] * (bits[0] - 1) === 0;
    position === index;
}
