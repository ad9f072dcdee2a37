// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC7007, IERC165} from "../../adapters/ERC7007.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IAigcToken} from "../../interfaces/IAigcToken.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {PixelSvg} from "../../libraries/PixelSvg.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {IDiffusionSprites} from "./IDiffusionSprites.sol";

/// @title Diffusion sprites
/// @notice See {IDiffusionSprites}. No owner, no price.
contract DiffusionSprites is IDiffusionSprites, ERC7007 {
    /// @dev What a token was minted for.
    struct Sprite {
        uint248 seed;
        uint8 class_;
    }

    uint256 private constant NOISE = 126;
    uint256 private constant CLASSES = 4;
    uint256 private constant SIDE = 14;
    uint256 private constant CHANNELS = 3;
    /// @dev Of a digit of the input, and of a channel of a pixel.
    uint256 private constant BITS = 4;
    /// @dev A word holds 63 digits of 4 bits.
    uint256 private constant WORD_MASK = (1 << 252) - 1;
    /// @dev Behind every sprite.
    uint256 private constant BACKGROUND = 0xddd;
    /// @dev How far back the EVM knows block hashes.
    uint256 private constant HASHES = 256;

    /// @inheritdoc IDiffusionSprites
    uint256 public immutable bond;

    mapping(address claimer => mapping(bytes32 commitment => uint256 drawBlock)) private _drawBlocks;
    mapping(uint256 tokenId => Sprite) private _sprites;

    /// @notice Pins the model for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `sprite-diffusion`
    /// @param claimDelay_ how many blocks after a commitment its seed is decided
    /// @param bond_ what a commitment costs that is not revealed; with 0, looking at seeds is free but for gas
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        uint256 claimDelay_,
        uint256 bond_
    ) ERC721("Diffusion sprites", "DIFFUSE") PinnedModel(inferenceVerifier_, modelId_) ERC7007(claimDelay_) {
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        // With these, every prompt drawn is a valid input, and every verified output a picture.
        if (
            input.lo != 0 ||
            input.bits != BITS ||
            input.count != NOISE + CLASSES ||
            output.lo != 0 ||
            output.bits != BITS ||
            output.count != SIDE * SIDE * CHANNELS
        ) revert NotADiffusionModel(modelId_);
        bond = bond_;
    }

    /// @inheritdoc IDiffusionSprites
    function commit(bytes32 commitment) external payable {
        if (msg.value != bond) revert WrongBond(bond, msg.value);
        if (_drawBlocks[msg.sender][commitment] != 0) revert CommittedAlready(msg.sender, commitment);
        uint256 drawBlock = block.number + claimDelay;
        _drawBlocks[msg.sender][commitment] = drawBlock;
        emit SpriteCommitted(msg.sender, commitment, drawBlock);
    }

    /// @inheritdoc IDiffusionSprites
    function reveal(uint8 class_, bytes32 secret) external returns (uint256 tokenId) {
        if (class_ >= CLASSES) revert UnknownClass(class_);
        bytes32 commitment = commitmentOf(class_, msg.sender, secret);
        uint256 drawBlock = _drawBlocks[msg.sender][commitment];
        if (drawBlock == 0) revert NotCommitted(msg.sender, commitment);
        if (block.number <= drawBlock) revert RevealTooEarly(block.number, drawBlock + 1);
        bytes32 blockHash = blockhash(drawBlock);
        if (blockHash == 0) revert CommitmentLapsed(commitment, drawBlock + HASHES);
        delete _drawBlocks[msg.sender][commitment];
        // The commitment stands for chain, contract, claimer, class and secret.
        uint248 seed = uint248(uint256(keccak256(abi.encode(secret, commitment, blockHash))));
        tokenId = uint256(keccak256(promptFor(class_, seed)));
        _sprites[tokenId] = Sprite({seed: seed, class_: class_});
        emit SpriteRevealed(tokenId, msg.sender, class_, seed);
        _mint(msg.sender, tokenId);
        if (bond != 0) {
            (bool paid, ) = msg.sender.call{value: bond}("");
            if (!paid) revert BondRefused(msg.sender, bond);
        }
    }

    /// @inheritdoc IDiffusionSprites
    function drawBlockOf(address claimer, bytes32 commitment) external view returns (uint256 drawBlock) {
        return _drawBlocks[claimer][commitment];
    }

    /// @inheritdoc IDiffusionSprites
    function spriteOf(uint256 tokenId) external view returns (uint8 class_, uint248 seed) {
        if (_ownerOf(tokenId) == address(0)) revert UnknownSprite(tokenId);
        return (_sprites[tokenId].class_, _sprites[tokenId].seed);
    }

    /// @inheritdoc IDiffusionSprites
    function svgOf(uint256 tokenId) external view returns (string memory svg) {
        return string(_draw(aigcDataOf(tokenId)));
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
        return interfaceId == type(IDiffusionSprites).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @inheritdoc IDiffusionSprites
    function commitmentOf(uint8 class_, address claimer, bytes32 secret) public view returns (bytes32 commitment) {
        return keccak256(abi.encode(block.chainid, address(this), claimer, class_, secret));
    }

    /// @inheritdoc IDiffusionSprites
    function promptFor(uint8 class_, uint248 seed) public pure returns (bytes memory prompt) {
        if (class_ >= CLASSES) revert UnknownClass(class_);
        uint256 first = uint256(keccak256(abi.encode(seed, 0))) & WORD_MASK;
        uint256 second = uint256(keccak256(abi.encode(seed, 1))) & WORD_MASK;
        // Digit c of the last tensor word is 1, the others are 0.
        return abi.encode(first, second, uint256(1) << (BITS * class_));
    }

    /// @inheritdoc IDiffusionSprites
    function className(uint8 class_) public pure returns (string memory name) {
        if (class_ == 0) return "animal";
        if (class_ == 1) return "food";
        if (class_ == 2) return "nature";
        if (class_ == 3) return "thing";
        revert UnknownClass(class_);
    }

    function _image(uint256, bytes memory aigcData) internal view override returns (string memory) {
        return PixelSvg.uri(_draw(aigcData));
    }

    /* solhint-disable quotes */

    function _traits(uint256 tokenId) internal view override returns (string memory) {
        string memory name = className(_sprites[tokenId].class_);
        return string.concat(',"attributes":[{"trait_type":"class","value":"', name, '"}]');
    }

    /* solhint-enable quotes */

    /// @dev The picture of a verified output.
    function _draw(bytes memory aigcData) private view returns (bytes memory svg) {
        int256[] memory channels = _decodeAigcData(aigcData);
        uint256[] memory colours = new uint256[](SIDE * SIDE);
        for (uint256 i = 0; i < colours.length; ++i) {
            uint256 at = i * CHANNELS;
            colours[i] = uint256((channels[at] << 8) | (channels[at + 1] << 4) | channels[at + 2]);
        }
        return PixelSvg.draw(colours, SIDE, BACKGROUND);
    }
}
