// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC721, IERC165} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {PinnedModel} from "../inference/PinnedModel.sol";
import {IAigcToken} from "../interfaces/IAigcToken.sol";
import {IERC7007} from "../interfaces/IERC7007.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {Domains} from "../libraries/Domains.sol";
import {Schema} from "../libraries/Schema.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Signals} from "../libraries/Signals.sol";
import {Tensors} from "../libraries/Tensors.sol";

/// @title ERC-7007 tokens of one pinned model
/// @notice See {IAigcToken}. No owner. A token that inherits this says in `_image` what its content looks like.
/// @dev `verify` is a true check of the proof given: false when it does not hold, also once the model is deprecated, and a
/// revert when the call had too little gas to know. Content, once added, stays, whatever becomes of the model.
abstract contract ERC7007 is ERC721, PinnedModel, IAigcToken {
    bytes4 private constant ERC4906_ID = 0x49064906;

    /// @inheritdoc IAigcToken
    uint256 public immutable claimDelay;

    bytes32 private immutable _ioSchemaHash;
    uint256 private immutable _promptBytes;

    bytes private _layout;
    mapping(address claimer => mapping(bytes32 commitment => uint256 blockNumber)) private _committedAt;
    mapping(uint256 tokenId => address) private _contents;

    /// @notice Reads what a prompt of the pinned model is.
    /// @param claimDelay_ how many blocks a commitment to a prompt has to wait
    constructor(uint256 claimDelay_) {
        if (claimDelay_ == 0) revert BadClaimDelay(claimDelay_);
        claimDelay = claimDelay_;
        IModelRegistry registry = IModelRegistry(inferenceVerifier.registry());
        IModelRegistry.VerificationData memory data = registry.verificationData(modelId);
        for (uint256 i = 0; i < SignalLayout.tensors(data.layout); ++i) {
            (uint256 visibility, ) = SignalLayout.tensor(data.layout, i);
            if (visibility == Schema.PRIVATE) revert PromptNotBinding(modelId, i);
        }
        (, uint256 inputs, ) = SignalLayout.header(data.layout);
        _ioSchemaHash = data.ioSchemaHash;
        _promptBytes = inputs * 32;
        _layout = data.layout;
    }

    /// @inheritdoc IAigcToken
    function commitPrompt(bytes32 commitment) external virtual {
        if (_committedAt[msg.sender][commitment] != 0) revert PromptCommittedAlready(msg.sender, commitment);
        _committedAt[msg.sender][commitment] = block.number;
        emit PromptCommitted(msg.sender, commitment);
    }

    /// @inheritdoc IAigcToken
    function claimPrompt(bytes calldata prompt, bytes32 salt) external virtual returns (uint256 tokenId) {
        if (prompt.length != _promptBytes) revert WrongPromptLength(_promptBytes, prompt.length);
        bytes32 commitment = promptCommitment(prompt, msg.sender, salt);
        uint256 committedAt = _committedAt[msg.sender][commitment];
        if (committedAt == 0) revert PromptNotCommitted(msg.sender, commitment);
        if (block.number < committedAt + claimDelay) {
            revert PromptCommitmentTooYoung(block.number, committedAt + claimDelay);
        }
        delete _committedAt[msg.sender][commitment];
        tokenId = tokenIdOf(prompt);
        _safeMint(msg.sender, tokenId);
    }

    /// @inheritdoc IERC7007
    function addAigcData(
        uint256 tokenId,
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external {
        _requireOwned(tokenId);
        if (tokenIdOf(prompt) != tokenId) revert PromptMismatch(tokenId, tokenIdOf(prompt));
        if (_contents[tokenId] != address(0)) revert AigcDataAlreadyAdded(tokenId);
        inferenceVerifier.checkInferencePortable(modelId, _commitmentOf(prompt), aigcData, proof);
        _contents[tokenId] = CodeStore.write(bytes.concat(prompt, aigcData));
        emit AigcData(tokenId, prompt, aigcData, proof);
        emit IERC4906.MetadataUpdate(tokenId);
    }

    /// @inheritdoc IERC7007
    function verify(
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external view returns (bool success) {
        if (prompt.length != _promptBytes) return false;
        try inferenceVerifier.checkInferencePortable(modelId, _commitmentOf(prompt), aigcData, proof) {
            return true;
        } catch (bytes memory reason) {
            // Too little gas says nothing about a proof.
            if (reason.length == 0 || bytes4(reason) == IInferenceVerifier.InsufficientVerifierGas.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
            return false;
        }
    }

    /// @inheritdoc IAigcToken
    function aigcDataOf(uint256 tokenId) public view returns (bytes memory aigcData) {
        return Bytes.slice(_contentOf(tokenId), _promptBytes);
    }

    /// @inheritdoc IAigcToken
    function promptOf(uint256 tokenId) public view returns (bytes memory prompt) {
        return Bytes.slice(_contentOf(tokenId), 0, _promptBytes);
    }

    /* solhint-disable quotes */

    /// @notice Metadata as ERC-7007 lists it, in a data URI; without content, without what follows from it.
    /// @param tokenId the token
    /// @return uri data:application/json;base64,…
    function tokenURI(uint256 tokenId) public view virtual override returns (string memory uri) {
        _requireOwned(tokenId);
        string memory title = string.concat(Strings.escapeJSON(name()), " #", Strings.toHexString(tokenId, 32));
        string memory json = string.concat('{"name":"', title, '","aigc_type":"image","proof_type":"validity"');
        if (_contents[tokenId] != address(0)) {
            bytes memory aigcData = aigcDataOf(tokenId);
            json = string.concat(
                json,
                ',"prompt":"',
                Strings.toHexString(promptOf(tokenId)),
                '","aigc_data":"',
                Strings.toHexString(aigcData),
                '","image":"',
                _image(tokenId, aigcData),
                '"'
            );
        }
        json = string.concat(json, _traits(tokenId), "}");
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    /* solhint-enable quotes */

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view virtual override(ERC721, IERC165) returns (bool) {
        return
            interfaceId == type(IERC7007).interfaceId ||
            interfaceId == type(IAigcToken).interfaceId ||
            interfaceId == ERC4906_ID ||
            super.supportsInterface(interfaceId);
    }

    /// @inheritdoc IAigcToken
    function promptCommitment(
        bytes calldata prompt,
        address claimer,
        bytes32 salt
    ) public view returns (bytes32 commitment) {
        return keccak256(abi.encode(Domains.PROMPT, block.chainid, address(this), claimer, keccak256(prompt), salt));
    }

    /// @inheritdoc IAigcToken
    function tokenIdOf(bytes calldata prompt) public pure returns (uint256 tokenId) {
        return uint256(keccak256(prompt));
    }

    /// @dev The first output tensor of a token's content, as integers.
    function _decodeAigcData(bytes memory aigcData) internal view returns (int256[] memory) {
        Tensors.Format memory format = _outputFormat();
        uint256[] memory words = new uint256[](Tensors.wordCount(format));
        for (uint256 i = 0; i < words.length; ++i) {
            assembly ("memory-safe") {
                mstore(add(words, shl(5, add(i, 1))), mload(add(aigcData, shl(5, add(i, 1)))))
            }
        }
        return Tensors.unpack(words, format);
    }

    /// @dev A URI of the image of a token's content, which was verified. It goes into JSON as it is.
    function _image(uint256 tokenId, bytes memory aigcData) internal view virtual returns (string memory);

    /// @dev More JSON members of a token's metadata, each with a comma before it; none here.
    function _traits(uint256) internal view virtual returns (string memory) {
        return "";
    }

    /// @dev ERC-7992's input commitment of a prompt of the right length.
    function _commitmentOf(bytes calldata prompt) private view returns (bytes32) {
        return Signals.inputCommitment(_layout, _ioSchemaHash, prompt);
    }

    /// @dev Prompt and content, one after the other.
    function _contentOf(uint256 tokenId) private view returns (bytes memory) {
        address content = _contents[tokenId];
        if (content == address(0)) revert AigcDataMissing(tokenId);
        return CodeStore.read(content);
    }
}
