// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IInferenceMessageRelay} from "../interfaces/IInferenceMessageRelay.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {Domains} from "../libraries/Domains.sol";
import {ForeignStatements} from "../libraries/ForeignStatements.sol";
import {Supports} from "../libraries/Supports.sol";

/// @title Inference message relay
/// @notice See {IInferenceMessageRelay}.
/// @dev OpenZeppelin's `CrosschainLinked` takes messages only from the linked gateway, and of those only what the linked
/// relay sent, byte for byte.
contract InferenceMessageRelay is IInferenceMessageRelay, CrosschainLinked, Ownable2Step {
    /// @inheritdoc IInferenceMessageRelay
    address public immutable inferenceVerifier;

    mapping(uint256 sourceChainId => mapping(bytes32 statementId => bool)) private _attested;

    /// @notice Pins the verifier for good.
    /// @param inferenceVerifier_ what checks the proofs of statements that are sent
    /// @param owner_ who adds links
    constructor(address inferenceVerifier_, address owner_) CrosschainLinked(new Link[](0)) Ownable(owner_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = inferenceVerifier_;
    }

    /// @inheritdoc IInferenceMessageRelay
    function link(address gateway, bytes calldata counterpart) external onlyOwner {
        (uint256 chainId, address account) = InteroperableAddress.parseEvmV1Calldata(counterpart);
        bytes memory canonical = InteroperableAddress.formatEvmV1(chainId, account);
        if (keccak256(counterpart) != keccak256(canonical)) revert NotCanonical(counterpart);
        _setLink(gateway, counterpart, false);
    }

    /// @inheritdoc IInferenceMessageRelay
    function send(
        bytes calldata chain,
        ForeignStatements.Statement calldata statement,
        bytes calldata output,
        bytes calldata proof,
        bytes[] calldata attributes
    ) external returns (bytes32 sendId) {
        ForeignStatements.requireNamedBy(statement, proof);
        if (statement.chainId != block.chainid) revert WrongSourceChain(block.chainid, statement.chainId);
        IInferenceVerifier(inferenceVerifier).checkInference(
            statement.modelId,
            statement.inputCommitment,
            output,
            proof,
            statement.caller
        );
        return _send(chain, statement, output, attributes);
    }

    /// @inheritdoc IInferenceMessageRelay
    function sendPortable(
        bytes calldata chain,
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        bytes[] calldata attributes
    ) external returns (bytes32 sendId) {
        IInferenceVerifier(inferenceVerifier).checkInferencePortable(modelId, inputCommitment, output, proof);
        return _send(chain, ForeignStatements.portable(modelId, inputCommitment), output, attributes);
    }

    /// @inheritdoc IInferenceMessageRelay
    function isAttested(
        uint256 sourceChainId,
        ForeignStatements.Statement calldata statement,
        bytes calldata output
    ) external view returns (bool attested) {
        return _attested[sourceChainId][ForeignStatements.idOf(statement, output)];
    }

    /// @dev A message of the linked relay, through the linked gateway. Messages may come twice; the second changes nothing.
    function _processMessage(address, bytes32, bytes calldata sender, bytes calldata payload) internal override {
        if (msg.value != 0) revert UnexpectedValue(msg.value);
        (bytes32 kind, ForeignStatements.Statement memory statement, bytes memory output) = abi.decode(
            payload,
            (bytes32, ForeignStatements.Statement, bytes)
        );
        if (kind != Domains.STATEMENT) revert UnknownMessage(kind);
        (uint256 sourceChainId, ) = InteroperableAddress.parseEvmV1Calldata(sender);
        bool ofOther = !ForeignStatements.isPortable(statement) && statement.chainId != sourceChainId;
        if (ofOther || sourceChainId == block.chainid) {
            revert WrongSourceChain(sourceChainId, statement.chainId);
        }
        bytes32 statementId = ForeignStatements.idOf(statement, output);
        if (_attested[sourceChainId][statementId]) return;
        _attested[sourceChainId][statementId] = true;
        emit StatementAttested(statementId, statement.chainId, sourceChainId, statement, output);
    }

    function _send(
        bytes calldata chain,
        ForeignStatements.Statement memory statement,
        bytes calldata output,
        bytes[] calldata attributes
    ) private returns (bytes32 sendId) {
        (address gateway, ) = getLink(chain);
        if (gateway == address(0)) revert ChainNotLinked(chain);
        sendId = _sendMessageToCounterpart(chain, abi.encode(Domains.STATEMENT, statement, output), attributes);
        emit StatementSent(ForeignStatements.idOf(statement, output), chain, sendId);
    }
}
