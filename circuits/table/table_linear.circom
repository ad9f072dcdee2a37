// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Baked piecewise linear function with 2^b segments of 2^l arguments each:
// out = values[high] + slopes[high]·low, where index = high·2^l + low and 0 ≤ low < 2^l.
//
//   index           integer, 0 ≤ index < 2^(b+l)
//   values, slopes  2^b integers each, part of the circuit
//   out             values[high] + slopes[high]·low
//
// High splits into two parts, each held one-hot, as in Table; values and slopes share the selectors. A high selector
// costs up to three rows and a low one costs one, so the low part is the larger.
//
// Cost: 2^(b−k) + 2^k + l + 2 rows, k = ⌊b/2⌋ + 1 (1 when b = 2), and one for each run of 2^k values, or of 2^k slopes,
// that are not all the same. At most 66 at b = 8, l = 8 and 55 at b = 7, l = 13.
// Unique: all selectors are boolean, those of a part sum to 1 (selector 0 is one minus the others, boolean as well), so
// each part selects one digit; with the l boolean digits of `low`, mixed-radix digits of index < 2^(b+l) < r are
// unique. out is a sum of products of known values.
template TableLinear(b, l, values, slopes) {
    assert(b >= 2 && b <= 12 && l >= 1 && l <= 24);
    var partBits = b == 2 ? 1 : b \ 2 + 1;
    var lowCount = 1 << partBits;
    var highCount = 1 << (b - partBits);
    signal input index;
    signal output out;

    // Selectors of digits 1, 2, …; that of digit 0 is an expression.
    signal high[highCount - 1];
    signal middle[lowCount - 1];
    signal lowBits[l];
    signal valueRow[variedRuns(values, highCount, lowCount)];
    signal slopeRow[variedRuns(slopes, highCount, lowCount)];
    var position = 0;
    var highRest = 1;
    var middleRest = 1;
    for (var i = 1; i < highCount; i++) {
        // Boolean, at most one of them set; fixed by the sum for the index.
        high[i - 1] <-- (index >> (partBits + l)) == i ? 1 : 0;
        high[i - 1] * (high[i - 1] - 1) === 0;
        highRest -= high[i - 1];
        position += high[i - 1] * i * (lowCount << l);
    }
    highRest * (highRest - 1) === 0;
    for (var j = 1; j < lowCount; j++) {
        // Boolean, at most one of them set; fixed by the sum for the index.
        middle[j - 1] <-- ((index >> l) & (lowCount - 1)) == j ? 1 : 0;
        middle[j - 1] * (middle[j - 1] - 1) === 0;
        middleRest -= middle[j - 1];
        position += middle[j - 1] * (j << l);
    }
    middleRest * (middleRest - 1) === 0;
    var low = 0;
    for (var i = 0; i < l; i++) {
        // Boolean; fixed by the sum for the index.
        lowBits[i] <-- (index >> i) & 1;
        lowBits[i] * (lowBits[i] - 1) === 0;
        low += lowBits[i] * (1 << i);
    }
    position + low === index;

    var value = 0;
    var slope = 0;
    var valueRows = 0;
    var slopeRows = 0;
    for (var i = 0; i < highCount; i++) {
        var selector = i == 0 ? highRest : high[i - 1];
        var valueEntry = middleRest * values[i * lowCount];
        var slopeEntry = middleRest * slopes[i * lowCount];
        for (var j = 1; j < lowCount; j++) {
            valueEntry += middle[j - 1] * values[i * lowCount + j];
            slopeEntry += middle[j - 1] * slopes[i * lowCount + j];
        }
        if (isVaried(values, i * lowCount, lowCount)) {
            valueRow[valueRows] <== selector * valueEntry;
            value += valueRow[valueRows];
            valueRows++;
        } else {
            value += selector * values[i * lowCount];
        }
        if (isVaried(slopes, i * lowCount, lowCount)) {
            slopeRow[slopeRows] <== selector * slopeEntry;
            slope += slopeRow[slopeRows];
            slopeRows++;
        } else {
            slope += selector * slopes[i * lowCount];
        }
    }
    out <== slope * low + value;
}

// Whether entries start, …, start + count − 1 are not all the same.
function isVaried(entries, start, count) {
    for (var i = 1; i < count; i++) {
        if (entries[start + i] != entries[start]) return 1;
    }
    return 0;
}

// How many of the runs of `count` entries are not constant.
function variedRuns(entries, runs, count) {
    var varied = 0;
    for (var i = 0; i < runs; i++) varied += isVaried(entries, i * count, count);
    return varied;
}
