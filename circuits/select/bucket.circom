// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "../range/bit_length.circom";

// Compares an integer with many constants at once: above[j] = [x ≥ thresholds[j]].
//
//   x           integer, 0 ≤ x < 2^b; any other has no witness
//   thresholds  m integers, 0 < t_1 < … < t_m < 2^b, part of the circuit
//   above       m values, 0 or 1, none larger than the one before
//
// Thresholds cut [0, 2^b) into m + 1 bins; bin j holds x when above[j−1] − above[j] = 1, with a 1 before the first and
// a 0 after the last. Let w be the bits of the widest bin's last offset.
//
// Cost: m + 2w + 2 rows, or m + w + 2 when all bins are 2^w wide. One threshold is cheaper as NonNegative.
// Unique: the m + 1 bins are boolean and telescope to 1 (m + 1 < r), so exactly one is set; it gives the bin's first
// value and its width. offset = x − first and width − 1 − offset are sums of w digits (the latter is implied when all
// bins are 2^w wide), so 0 ≤ offset < width over the integers, and x lies in the bin. The bins are disjoint: only one
// holds x, whose distance from all is below 2^(b+1) < r.
template Bucket(b, m, thresholds) {
    assert(m >= 2 && b >= 2 && b <= 250);
    assert(thresholds[0] > 0 && thresholds[m - 1] < 1 << b);
    var widest = thresholds[0];
    var narrowest = widest;
    for (var j = 1; j <= m; j++) {
        var next = j == m ? 1 << b : thresholds[j];
        assert(next > thresholds[j - 1]);
        var size = next - thresholds[j - 1];
        if (size > widest) widest = size;
        if (size < narrowest) narrowest = size;
    }
    var w = bitLength(widest - 1);
    // A uniform width 1 << w bounds the offset by itself.
    var needsSlack = narrowest < 1 << w ? 1 : 0;
    signal input x;
    signal output above[m];

    var first = 0;
    var width = thresholds[0];
    for (var j = 0; j < m; j++) {
        // Fixed by the bins below.
        above[j] <-- x >= thresholds[j] ? 1 : 0;
        var before = j == 0 ? 0 : thresholds[j - 1];
        var next = j == m - 1 ? 1 << b : thresholds[j + 1];
        first += above[j] * (thresholds[j] - before);
        width += above[j] * (next - 2 * thresholds[j] + before);
    }
    (1 - above[0]) * above[0] === 0;
    for (var j = 1; j < m; j++) (above[j - 1] - above[j]) * (above[j - 1] - above[j] - 1) === 0;
    above[m - 1] * (above[m - 1] - 1) === 0;

    signal offsetBits[w];
    // Position i holds bit i + 1.
    signal slackBits[needsSlack * (w - 1)];
    var offset = 0;
    for (var i = 0; i < w; i++) {
        // Boolean; fixed as a digit of x − first.
        offsetBits[i] <-- ((x - first) >> i) & 1;
        offsetBits[i] * (offsetBits[i] - 1) === 0;
        offset += offsetBits[i] * (1 << i);
    }
    first + offset === x;
    if (needsSlack) {
        var rest = width - 1 - offset;
        for (var i = 1; i < w; i++) {
            // Boolean; fixed as a digit of width − 1 − offset.
            slackBits[i - 1] <-- ((width - 1 - offset) >> i) & 1;
            slackBits[i - 1] * (slackBits[i - 1] - 1) === 0;
            rest -= slackBits[i - 1] * (1 << i);
        }
        rest * (rest - 1) === 0;
    }
}
