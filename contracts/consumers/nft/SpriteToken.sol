// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ERC7007, IERC165} from "../../adapters/ERC7007.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IAigcToken} from "../../interfaces/IAigcToken.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {ISpriteToken} from "./ISpriteToken.sol";
import {SpriteSvg} from "./SpriteSvg.sol";

/// @title Sprites
/// @notice See {ISpriteToken}. No owner, no price.
contract SpriteToken is ISpriteToken, ERC7007 {
    /// @dev A claim that waits to be drawn.
    struct Claim {
        address claimer;
        uint64 drawBlock;
    }

    uint256 private constant LATENTS = 8;
    uint256 private constant LATENT_BITS = 4;
    uint256 private constant PIXEL_BITS = 4;
    /// @dev How far back the EVM knows block hashes.
    uint256 private constant HASHES = 256;
    /// @dev With n tokens all tries fail with a probability of (n / 2^32)^8.
    uint256 private constant TRIES = 8;

    /// @notice How many claims there were; the last one's number.
    uint256 public claims;

    mapping(uint256 claimId => Claim) private _claims;

    /// @notice Pins the decoder for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `sprite-decoder`
    /// @param claimDelay_ how many blocks after a claim its seed is decided
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        uint256 claimDelay_
    ) ERC721("Verified sprites", "SPRITE") PinnedModel(inferenceVerifier_, modelId_) ERC7007(claimDelay_) {
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        // With these, every seed is a valid input word, and every verified output 256 greys.
        if (
            input.lo != 0 ||
            input.bits != LATENT_BITS ||
            input.count != LATENTS ||
            output.lo != 0 ||
            output.bits != PIXEL_BITS ||
            output.count != SpriteSvg.SIDE * SpriteSvg.SIDE
        ) revert NotASpriteModel(modelId_);
    }

    /// @inheritdoc ISpriteToken
    function claim() external returns (uint256 claimId) {
        claimId = ++claims;
        uint256 drawBlock = block.number + claimDelay;
        // A delay so long that it wrapped around would lead to a block whose hash is known.
        _claims[claimId] = Claim({claimer: msg.sender, drawBlock: SafeCast.toUint64(drawBlock)});
        emit SpriteClaimed(claimId, msg.sender, drawBlock);
    }

    /// @inheritdoc ISpriteToken
    function draw(uint256 claimId) external returns (uint256 tokenId) {
        Claim memory drawn = _claims[claimId];
        if (drawn.claimer == address(0)) revert UnknownClaim(claimId);
        if (block.number <= drawn.drawBlock) revert DrawTooEarly(block.number, uint256(drawn.drawBlock) + 1);
        bytes32 blockHash = blockhash(drawn.drawBlock);
        if (blockHash == 0) revert ClaimLapsed(claimId, drawn.drawBlock + HASHES);
        delete _claims[claimId];
        uint32 seed;
        (seed, tokenId) = _freeSeed(claimId, blockHash);
        emit SpriteDrawn(claimId, tokenId, drawn.claimer, seed);
        _mint(drawn.claimer, tokenId);
    }

    /// @inheritdoc ISpriteToken
    function claimOf(uint256 claimId) external view returns (address claimer, uint256 drawBlock) {
        return (_claims[claimId].claimer, _claims[claimId].drawBlock);
    }

    /// @inheritdoc ISpriteToken
    function svgOf(uint256 tokenId) external view returns (string memory svg) {
        return string(SpriteSvg.draw(_decodeAigcData(aigcDataOf(tokenId))));
    }

    /// @inheritdoc IAigcToken
    /// @dev Always reverts.
    function commitPrompt(bytes32) external pure override {
        revert PromptsAreDrawn();
    }

    /// @inheritdoc IAigcToken
    /// @dev Always reverts.
    function claimPrompt(bytes calldata, bytes32) external pure override returns (uint256) {
        revert PromptsAreDrawn();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(ISpriteToken).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev The seed of a claim: the first of a few that has no token yet.
    function _freeSeed(uint256 claimId, bytes32 blockHash) private view returns (uint32 seed, uint256 tokenId) {
        for (uint256 i = 0; i < TRIES; ++i) {
            seed = uint32(uint256(keccak256(abi.encode(address(this), claimId, blockHash, i))));
            // The prompt is the seed as one word; its hash is the token's id.
            tokenId = uint256(keccak256(abi.encode(seed)));
            if (_ownerOf(tokenId) == address(0)) return (seed, tokenId);
        }
        revert NoFreeSeed(claimId);
    }

    function _image(uint256, bytes memory aigcData) internal view override returns (string memory) {
        return SpriteSvg.uri(_decodeAigcData(aigcData));
    }
}
