// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

/// @title Pixels as SVG
/// @notice Draws square pictures, in rows from the top, left to right: the background as one rectangle, then one path a
/// colour, in which pixels of one row that lie side by side are one rectangle. A colour is a number of 12 bits, written
/// #rgb: 0xf00 is red. Paths stand in the order in which their colours first appear.
library PixelSvg {
    /// @dev Runs of one colour are a list: what a run says, and the number of the next one.
    struct Runs {
        /// @dev Colour, x, y, width and where the next run of this colour is, plus 1.
        uint256[] packed;
        /// @dev Numbers of runs, plus 1, that are the first ones of their colours.
        uint256[] first;
        uint256 colours;
    }

    bytes16 private constant HEX_DIGITS = "0123456789abcdef";
    uint256 private constant COLOURS = 4096;
    /// @dev Coordinates have at most two digits.
    uint256 private constant MOST_SIDE = 99;

    /// @dev Bytes of a rectangle, of a path around its rectangles, and of the rest, at most.
    uint256 private constant RUN_BYTES = 20;
    uint256 private constant PATH_BYTES = 24;
    uint256 private constant FRAME_BYTES = 180;

    /// @notice A picture is of 1 to 99 pixels a side.
    error BadSide(uint256 side);

    /// @notice The number of pixels is not that of a square of this side.
    error WrongPixelCount(uint256 expected, uint256 actual);

    /// @notice A colour has 12 bits.
    error BadColour(uint256 index, uint256 colour);

    /// @dev A data URI of a picture. It has no character that JSON would escape.
    function uri(bytes memory svg) internal pure returns (string memory) {
        return string.concat("data:image/svg+xml;base64,", Base64.encode(svg));
    }

    /// @dev The picture of side · side colours.
    function draw(uint256[] memory colours, uint256 side, uint256 background) internal pure returns (bytes memory svg) {
        if (side == 0 || side > MOST_SIDE) revert BadSide(side);
        if (colours.length != side * side) revert WrongPixelCount(side * side, colours.length);
        if (background >= COLOURS) revert BadColour(colours.length, background);
        Runs memory runs = _runs(colours, side, background);
        svg = new bytes(FRAME_BYTES + runs.packed.length * RUN_BYTES + runs.colours * PATH_BYTES);
        uint256 at = _frame(svg, side, background);
        for (uint256 i = 0; i < runs.colours; ++i) {
            uint256 next = runs.first[i];
            at = _fill(svg, _put(svg, at, "<path "), runs.packed[next - 1] >> 48);
            at = _put(svg, at, "d='");
            while (next != 0) {
                uint256 run = runs.packed[next - 1];
                at = _rectangle(svg, at, run);
                next = run & 0xffff;
            }
            at = _put(svg, at, "'/>");
        }
        at = _put(svg, at, "</svg>");
        assembly ("memory-safe") {
            mstore(svg, at)
        }
    }

    /// @dev Pixels of one row and colour that lie side by side, but for the background's.
    function _runs(uint256[] memory colours, uint256 side, uint256 background) private pure returns (Runs memory runs) {
        uint256 total = colours.length;
        runs = Runs({packed: new uint256[](total), first: new uint256[](total), colours: 0});
        // The number, plus 1, of the newest run of each colour.
        uint256[] memory newest = new uint256[](COLOURS);
        uint256 count = 0;
        for (uint256 i = 0; i < total;) {
            uint256 colour = colours[i];
            if (colour >= COLOURS) revert BadColour(i, colour);
            uint256 start = i;
            ++i;
            while (i % side != 0 && colours[i] == colour) ++i;
            if (colour == background) continue;
            runs.packed[count] = (colour << 48) | ((start % side) << 40) | ((start / side) << 32) | ((i - start) << 16);
            ++count;
            uint256 before = newest[colour];
            if (before == 0) {
                runs.first[runs.colours] = count;
                ++runs.colours;
            } else {
                runs.packed[before - 1] |= count;
            }
            newest[colour] = count;
        }
        uint256[] memory packed = runs.packed;
        assembly ("memory-safe") {
            mstore(packed, count)
        }
    }

    function _frame(bytes memory svg, uint256 side, uint256 background) private pure returns (uint256 at) {
        at = _put(svg, 0, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ");
        at = _put(svg, _number(svg, at, side), " ");
        at = _put(svg, _number(svg, at, side), "' shape-rendering='crispEdges'><path ");
        if (background != 0) at = _fill(svg, at, background);
        at = _put(svg, _number(svg, _put(svg, at, "d='M0 0h"), side), "v");
        at = _put(svg, _number(svg, at, side), "H0z'/>");
    }

    function _fill(bytes memory svg, uint256 at, uint256 colour) private pure returns (uint256) {
        bytes memory digits = abi.encodePacked(
            HEX_DIGITS[colour >> 8],
            HEX_DIGITS[(colour >> 4) & 15],
            HEX_DIGITS[colour & 15]
        );
        return _put(svg, _put(svg, _put(svg, at, "fill='#"), digits), "' ");
    }

    function _rectangle(bytes memory svg, uint256 at, uint256 run) private pure returns (uint256 end) {
        uint256 width = (run >> 16) & 0xff;
        end = _number(svg, _put(svg, at, "M"), (run >> 40) & 0xff);
        end = _number(svg, _put(svg, end, " "), (run >> 32) & 0xff);
        end = _number(svg, _put(svg, end, "h"), width);
        end = _number(svg, _put(svg, end, "v1h-"), width);
        end = _put(svg, end, "z");
    }

    /// @dev Writes a number below 100 in decimal digits.
    function _number(bytes memory svg, uint256 at, uint256 value) private pure returns (uint256 end) {
        end = at;
        if (value > 9) {
            svg[end] = HEX_DIGITS[value / 10];
            ++end;
        }
        svg[end] = HEX_DIGITS[value % 10];
        return end + 1;
    }

    /// @dev Writes a piece; gives where it ends. Panics rather than writing beyond the buffer.
    function _put(bytes memory svg, uint256 at, bytes memory piece) private pure returns (uint256 end) {
        end = at + piece.length;
        assert(end <= svg.length);
        assembly ("memory-safe") {
            mcopy(add(add(svg, 32), at), add(piece, 32), mload(piece))
        }
    }
}
