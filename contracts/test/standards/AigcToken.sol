// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec, one-contract-per-file, avoid-low-level-calls, quotes */
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ERC7007} from "../../adapters/ERC7007.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";

/// @title A token whose image is its content in hex, for tests
contract AigcToken is ERC7007 {
    constructor(
        IInferenceVerifier verifier,
        uint256 modelId_,
        uint256 claimDelay_
    ) ERC721('Test "A"', "T") PinnedModel(verifier, modelId_) ERC7007(claimDelay_) {}

    function decoded(uint256 tokenId) external view returns (int256[] memory) {
        return _decodeAigcData(aigcDataOf(tokenId));
    }

    function _image(uint256, bytes memory aigcData) internal pure override returns (string memory) {
        return string.concat("data:,", Strings.toHexString(aigcData));
    }
}

/// @title A claimer that calls back while it is sent a token, for tests
contract ReentrantClaimer is IERC721Receiver {
    AigcToken private immutable _token;
    bytes private _calls;
    bytes public answer;
    bool public succeeded;

    constructor(AigcToken token) {
        _token = token;
    }

    function commit(bytes32 commitment) external {
        _token.commitPrompt(commitment);
    }

    function claim(bytes calldata prompt, bytes32 salt, bytes calldata call_) external {
        _calls = call_;
        _token.claimPrompt(prompt, salt);
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        (succeeded, answer) = address(_token).call(_calls);
        return IERC721Receiver.onERC721Received.selector;
    }
}
