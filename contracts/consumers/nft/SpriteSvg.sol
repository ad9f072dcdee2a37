// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

/// @title Sprites as SVG
/// @notice Draws 16×16 greys of 0 to 15, in rows from the top, left to right: one path a grey, in which pixels of one row
/// that lie side by side are one rectangle. Grey g is the colour #ggg, so black to white in even steps.
library SpriteSvg {
    uint256 internal constant SIDE = 16;
    uint256 internal constant GREYS = 16;

    bytes private constant HEAD =
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' shape-rendering='crispEdges'><path d='M0 0h16v16H0z'/>";
    bytes private constant TAIL = "</svg>";
    bytes16 private constant HEX_DIGITS = "0123456789abcdef";

    /// @dev 256 rectangles of at most 14 characters, 15 paths of 24 more, head and tail.
    uint256 private constant MAX_BYTES = 4100;

    /// @dev A data URI of the picture. It has no character that JSON would escape.
    function uri(int256[] memory pixels) internal pure returns (string memory) {
        return string.concat("data:image/svg+xml;base64,", Base64.encode(draw(pixels)));
    }

    /// @dev The picture. Pixels have to be 256 values of 0 to 15.
    function draw(int256[] memory pixels) internal pure returns (bytes memory svg) {
        svg = new bytes(MAX_BYTES);
        uint256 at = _put(svg, 0, HEAD);
        (uint256[] memory runs, uint256 greys) = _runs(pixels);
        // The background is grey 0 already.
        for (uint256 grey = 1; grey < GREYS; ++grey) {
            if ((greys >> grey) & 1 == 0) continue;
            bytes1 digit = HEX_DIGITS[grey];
            at = _put(svg, at, abi.encodePacked("<path fill='#", digit, digit, digit, "' d='"));
            at = _path(svg, at, runs, grey);
            at = _put(svg, at, "'/>");
        }
        at = _put(svg, at, TAIL);
        assembly ("memory-safe") {
            mstore(svg, at)
        }
    }

    /// @dev Pixels of one row and grey that lie side by side, as bytes grey, x, y, width of a number; and which greys there are.
    function _runs(int256[] memory pixels) private pure returns (uint256[] memory runs, uint256 greys) {
        runs = new uint256[](SIDE * SIDE);
        uint256 count = 0;
        for (uint256 i = 0; i < SIDE * SIDE;) {
            int256 grey = pixels[i];
            uint256 start = i;
            ++i;
            while (i % SIDE != 0 && pixels[i] == grey) ++i;
            runs[count] = (uint256(grey) << 24) | ((start % SIDE) << 16) | ((start / SIDE) << 8) | (i - start);
            ++count;
            greys |= 1 << uint256(grey);
        }
        assembly ("memory-safe") {
            mstore(runs, count)
        }
    }

    /// @dev Writes the rectangles of one grey.
    function _path(
        bytes memory svg,
        uint256 at,
        uint256[] memory runs,
        uint256 grey
    ) private pure returns (uint256 end) {
        end = at;
        for (uint256 i = 0; i < runs.length; ++i) {
            uint256 run = runs[i];
            if (run >> 24 != grey) continue;
            end = _put(svg, end, "M");
            end = _number(svg, end, (run >> 16) & 0xff);
            end = _put(svg, end, " ");
            end = _number(svg, end, (run >> 8) & 0xff);
            end = _put(svg, end, "h");
            end = _number(svg, end, run & 0xff);
            end = _put(svg, end, "v1h-");
            end = _number(svg, end, run & 0xff);
            end = _put(svg, end, "z");
        }
    }

    /// @dev Writes a number below 20 in decimal digits.
    function _number(bytes memory svg, uint256 at, uint256 value) private pure returns (uint256 end) {
        end = at;
        if (value > 9) end = _put(svg, end, "1");
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
