// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ForeignStatements} from "../libraries/ForeignStatements.sol";

/// @title Inference message relay
/// @notice Statements of other chains, attested by message (ERC-7786), for chains where verifying again is not wanted. The
/// relay on the source chain verifies the proof and sends the statement; the one here takes it from that relay through
/// that gateway alone. So a statement here is worth as much as the gateway, and nothing here is proven: what is proven
/// stands in {ICrossChainInferenceRelay}, a contract of its own, and neither ever counts as the other.
///
/// Links, one a chain, are added by the owner and never changed or removed. The owner can therefore not forge statements of
/// a chain that is linked, only of chains that are not; it should renounce when all are.
interface IInferenceMessageRelay {
    /// @notice A verified statement was sent.
    /// @param statementId its id
    /// @param chain where to, as an ERC-7930 address without account
    /// @param sendId the gateway's id when it wants something more done to deliver it, else 0
    event StatementSent(bytes32 indexed statementId, bytes chain, bytes32 sendId);

    /// @notice A statement arrived; with chain 0, one that is bound to no chain.
    /// @param statementId its id
    /// @param chainId the chain it is of
    /// @param sourceChainId the chain it was sent from, whose relay verified it
    /// @param statement all of it
    /// @param output output signals, 32 bytes each
    event StatementAttested(
        bytes32 indexed statementId,
        uint256 indexed chainId,
        uint256 indexed sourceChainId,
        ForeignStatements.Statement statement,
        bytes output
    );

    /// @notice No relay is linked on this chain.
    error ChainNotLinked(bytes chain);

    /// @notice A relay is an account on an EVM chain, and its address is in the one canonical form: another form of the chain
    /// id would make it another chain.
    error NotCanonical(bytes counterpart);

    /// @notice The message is none of a relay's.
    error UnknownMessage(bytes32 kind);

    /// @notice A relay speaks for its own chain only, and never for this one.
    error WrongSourceChain(uint256 sourceChainId, uint256 statedChainId);

    /// @notice Messages carry no coins: they would be stuck.
    error UnexpectedValue(uint256 value);

    /// @notice Links the relay of another chain, for good; only for the owner.
    /// @param gateway the ERC-7786 gateway to and from that chain
    /// @param counterpart the relay there, as an ERC-7930 address
    function link(address gateway, bytes calldata counterpart) external;

    /// @notice Verifies a proof and sends what it says. Anyone may.
    /// @param chain where to, as an ERC-7930 address without account
    /// @param statement a statement of this chain
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob that was made for it
    /// @param attributes ERC-7786 attributes for the gateway
    /// @return sendId the gateway's id when it wants something more done to deliver it, else 0
    function send(
        bytes calldata chain,
        ForeignStatements.Statement calldata statement,
        bytes calldata output,
        bytes calldata proof,
        bytes[] calldata attributes
    ) external returns (bytes32 sendId);

    /// @notice Verifies a portable proof and sends what it says, which stays portable. Anyone may.
    /// @param chain where to, as an ERC-7930 address without account
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof a portable proof blob
    /// @param attributes ERC-7786 attributes for the gateway
    /// @return sendId the gateway's id when it wants something more done to deliver it, else 0
    function sendPortable(
        bytes calldata chain,
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        bytes[] calldata attributes
    ) external returns (bytes32 sendId);

    /// @notice Whether a statement was attested by message.
    /// @param sourceChainId the chain whose relay verified it
    /// @param statement the statement
    /// @param output output signals, 32 bytes each
    /// @return attested whether it was
    function isAttested(
        uint256 sourceChainId,
        ForeignStatements.Statement calldata statement,
        bytes calldata output
    ) external view returns (bool attested);

    /// @notice What checks the proofs of statements that are sent.
    /// @return verifier its address
    function inferenceVerifier() external view returns (address verifier);
}
