// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Lookup of a baked table: out = values[index].
//
//   index   integer, 0 ≤ index < 2^b
//   values  2^b integers, part of the circuit
//   out     values[index]
//
// The index splits into a high part of ⌊b/2⌋ bits and a low part of the others, each held one-hot; a row of the table
// is a linear combination of the low part, and costs one product with its high selector.
//
// Cost: 2·2^⌊b/2⌋ + 2^(b−⌊b/2⌋) + 2 rows: 34 at 7 bits, 50 at 8, 98 at 10.
// Unique: all selectors are boolean, those of a half sum to 1 (selector 0 is one minus the others, boolean as well), so
// each half selects one digit; index = high·2^(b−⌊b/2⌋) + low then has one solution, and out is a sum of products of
// known values.
template Table(b, values) {
    assert(b >= 2 && b <= 12);
    var lowBits = b - b \ 2;
    var lowCount = 1 << lowBits;
    var highCount = 1 << (b - lowBits);
    signal input index;
    signal output out;

    // Selectors of digits 1, 2, …; that of digit 0 is an expression.
    signal high[highCount - 1];
    signal low[lowCount - 1];
    signal row[highCount];
    var position = 0;
    var highRest = 1;
    var lowRest = 1;
    for (var i = 1; i < highCount; i++) {
        // Boolean, at most one of them set; fixed by the sum for the index.
        high[i - 1] <-- (index >> lowBits) == i ? 1 : 0;
        high[i - 1] * (high[i - 1] - 1) === 0;
        highRest -= high[i - 1];
        position += high[i - 1] * i * lowCount;
    }
    highRest * (highRest - 1) === 0;
    for (var j = 1; j < lowCount; j++) {
        // Boolean, at most one of them set; fixed by the sum for the index.
        low[j - 1] <-- (index & (lowCount - 1)) == j ? 1 : 0;
        low[j - 1] * (low[j - 1] - 1) === 0;
        lowRest -= low[j - 1];
        position += low[j - 1] * j;
    }
    lowRest * (lowRest - 1) === 0;
    position === index;

    var total = 0;
    for (var i = 0; i < highCount; i++) {
        var entry = lowRest * values[i * lowCount];
        for (var j = 1; j < lowCount; j++) entry += low[j - 1] * values[i * lowCount + j];
        if (i == 0) {
            row[i] <== highRest * entry;
        } else {
            row[i] <== high[i - 1] * entry;
        }
        total += row[i];
    }
    out <== total;
}
