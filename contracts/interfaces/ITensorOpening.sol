// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Openings of tensor commitments
/// @notice A `hashed` tensor is a public signal of one element: a Poseidon commitment to its packed words under a secret
/// salt (docs/encodings.md). Whoever has words and salt opens it here, and so tells everybody the tensor. Views only; about
/// 35,000 gas for the first three words, and as much for every four after them.
/// @dev A commitment says nothing by itself: take it from a verified inference, of the same model where the model is named.
interface ITensorOpening {
    /// @notice A salt is a field element.
    error SaltNotInField(uint256 salt);

    /// @notice The model has no such tensor.
    error NoSuchTensor(uint256 modelId, bool isInput, uint256 index);

    /// @notice The tensor is not hashed, so there is no commitment to it.
    error TensorNotHashed(uint256 modelId, bool isInput, uint256 index);

    /// @notice Words and salt are those of another commitment.
    error WrongOpening(uint256 commitment, uint256 opened);

    /// @notice The commitment to a tensor. Reverts unless the words are the packing of a tensor of this format, and the salt
    /// is a field element.
    /// @param lo least value of an element
    /// @param bits width of a digit
    /// @param count number of elements
    /// @param words the packed tensor
    /// @param salt the salt
    /// @return commitment the public signal of the tensor
    function tensorCommitment(
        int256 lo,
        uint256 bits,
        uint256 count,
        uint256[] calldata words,
        uint256 salt
    ) external pure returns (uint256 commitment);

    /// @notice Whether words and salt open a commitment. Reverts as `tensorCommitment` does.
    /// @param commitment the commitment
    /// @param lo least value of an element
    /// @param bits width of a digit
    /// @param count number of elements
    /// @param words the packed tensor
    /// @param salt the salt
    /// @return opened whether they do
    function opens(
        uint256 commitment,
        int256 lo,
        uint256 bits,
        uint256 count,
        uint256[] calldata words,
        uint256 salt
    ) external pure returns (bool opened);

    /// @notice Opens the commitment to a tensor of a registered model, whose format the registry knows, and decodes it.
    /// Reverts unless words and salt open the commitment.
    /// @param modelId the model
    /// @param isInput whether the tensor is an input
    /// @param index its place among the inputs or outputs
    /// @param commitment the commitment, from a verified inference of this model
    /// @param words the packed tensor
    /// @param salt the salt
    /// @return values the elements q, row-major; real value ≈ q · 2^-exponent
    function openTensor(
        uint256 modelId,
        bool isInput,
        uint256 index,
        uint256 commitment,
        uint256[] calldata words,
        uint256 salt
    ) external view returns (int256[] memory values);

    /// @notice The registry whose models these are.
    /// @return registryAddress its address
    function registry() external view returns (address registryAddress);
}
