// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title ERC-7007, final: verifiable AI-generated content tokens
/// @notice ERC-165 id 0x702c55a6, of the two functions below. The ABI is the ERC's.
interface IERC7007 is IERC721 {
    /// @notice A token got its content.
    /// @param tokenId the token
    /// @param prompt what it was made from
    /// @param aigcData what the model made of it
    /// @param proof what shows that
    event AigcData(uint256 indexed tokenId, bytes indexed prompt, bytes indexed aigcData, bytes proof);

    /// @notice Adds content to a token.
    /// @param tokenId the token
    /// @param prompt what the content was made from
    /// @param aigcData the content
    /// @param proof what shows that the model made it of the prompt
    function addAigcData(
        uint256 tokenId,
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external;

    /// @notice Checks content.
    /// @param prompt what the content was made from
    /// @param aigcData the content
    /// @param proof what shows that the model made it of the prompt
    /// @return success whether it did
    function verify(
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external view returns (bool success);
}
