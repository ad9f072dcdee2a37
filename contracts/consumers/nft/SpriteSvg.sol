// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PixelSvg} from "../../libraries/PixelSvg.sol";

/// @title Sprites as SVG
/// @notice Draws 16×16 greys of 0 to 15, in rows from the top, left to right. Grey g is the colour #ggg, so black to white in
/// even steps, and 0 is the background.
library SpriteSvg {
    uint256 internal constant SIDE = 16;

    /// @dev A data URI of the picture. It has no character that JSON would escape.
    function uri(int256[] memory pixels) internal pure returns (string memory) {
        return PixelSvg.uri(draw(pixels));
    }

    /// @dev The picture. Pixels have to be 256 values of 0 to 15.
    function draw(int256[] memory pixels) internal pure returns (bytes memory svg) {
        uint256[] memory colours = new uint256[](pixels.length);
        for (uint256 i = 0; i < pixels.length; ++i) colours[i] = uint256(pixels[i]) * 0x111;
        return PixelSvg.draw(colours, SIDE, 0);
    }
}
