// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7007} from "./IERC7007.sol";

/// @title ERC-7007 tokens of one pinned model
/// @notice Prompt: the model's input signals, 32 bytes each, exactly as in a proof. For a public input these are its packed
/// words; for a hashed one, its commitment, and the input stays secret. Content: the model's output words. Token id:
/// keccak256 of the prompt, so there is one token a prompt and one content a token.
///
/// Proofs are portable ones. A prompt has one content, whoever shows it, for whomever and wherever, so there is nothing a
/// bound proof would add; and `verify` can be asked by anyone. Prompts are claimed first and shown afterwards: whoever sees
/// a prompt in a pending claim has no commitment to it that is old enough.
interface IAigcToken is IERC7007 {
    /// @notice An account committed itself to a prompt.
    /// @param claimer the account
    /// @param commitment hash of the prompt, the account and a salt
    event PromptCommitted(address indexed claimer, bytes32 indexed commitment);

    /// @notice A private input is no prompt: the content would not follow from what is shown.
    error PromptNotBinding(uint256 modelId, uint256 inputIndex);

    /// @notice A claim waits for at least one block.
    error BadClaimDelay(uint256 blocks);

    /// @notice The sender is committed to this already; committing again would only make it wait longer.
    error PromptCommittedAlready(address claimer, bytes32 commitment);

    /// @notice The sender is not committed to this prompt with this salt.
    error PromptNotCommitted(address claimer, bytes32 commitment);

    /// @notice The commitment is too young.
    error PromptCommitmentTooYoung(uint256 blockNumber, uint256 claimableFrom);

    /// @notice The prompt does not have the model's number of input signals.
    error WrongPromptLength(uint256 expected, uint256 actual);

    /// @notice The prompt is another token's.
    error PromptMismatch(uint256 tokenId, uint256 promptTokenId);

    /// @notice The token has its content.
    error AigcDataAlreadyAdded(uint256 tokenId);

    /// @notice The token has no content yet.
    error AigcDataMissing(uint256 tokenId);

    /// @notice Commits the sender to a prompt that nobody can see yet.
    /// @param commitment `promptCommitment` of the prompt, the sender and a salt
    function commitPrompt(bytes32 commitment) external;

    /// @notice Mints the token of a prompt to the sender, who committed itself to it at least `claimDelay` blocks ago.
    /// @param prompt the prompt
    /// @param salt the salt
    /// @return tokenId the token
    function claimPrompt(bytes calldata prompt, bytes32 salt) external returns (uint256 tokenId);

    /// @notice What an account commits itself with. To be computed off chain: the prompt is secret until claimed.
    /// @param prompt the prompt
    /// @param claimer the account
    /// @param salt a random number
    /// @return commitment their hash
    function promptCommitment(
        bytes calldata prompt,
        address claimer,
        bytes32 salt
    ) external view returns (bytes32 commitment);

    /// @notice The content of a token. Reverts when it has none.
    /// @param tokenId the token
    /// @return aigcData output words, 32 bytes each
    function aigcDataOf(uint256 tokenId) external view returns (bytes memory aigcData);

    /// @notice The prompt of a token. Reverts when it was not minted.
    /// @param tokenId the token
    /// @return prompt input signals, 32 bytes each
    function promptOf(uint256 tokenId) external view returns (bytes memory prompt);

    /// @notice The token of a prompt, minted or not.
    /// @param prompt the prompt
    /// @return tokenId its id
    function tokenIdOf(bytes calldata prompt) external pure returns (uint256 tokenId);

    /// @notice How many blocks a commitment has to wait. Longer than a claim may stay pending where others see it.
    /// @return blocks the number
    function claimDelay() external view returns (uint256 blocks);
}
