// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A fee that a model proposes
/// @notice The fee comes from a verified inference over what the contract itself saw in its last closed hours, so a proof
/// binds it to the contract's own past: no proof about other numbers, for another contract, chain, model or request passes.
/// Who trades shapes that past, at the price of the fee.
///
/// All that an inference can do is to set the fee within bounds that were fixed at deployment, for `feeTtl` seconds from
/// its snapshot; then the fallback fee holds until the next one. Nobody owns or governs it.
/// A stop of the verifier does not end a fee that holds, since each trade would pay to ask: no new one comes, and the old one
/// runs out within `feeTtl`.
///
/// Who pays: whoever calls `updateFee` sends what the contract's account at the coordinator lacks. What a request does not
/// cost, and refunds of unanswered ones, stay in that account for the next; anyone may fill it (`depositFor` there). It
/// cannot be withdrawn. Liquidity never pays.
interface IModelFee {
    /// @notice A proven fee holds.
    /// @param requestId the request that it answers
    /// @param proposed what the model says, in millionths
    /// @param fee what holds: the same, within the bounds
    /// @param expiresAt last second of it
    event FeeUpdated(bytes32 indexed requestId, uint256 proposed, uint256 fee, uint256 expiresAt);

    /// @notice Bounds, fallback, times or terms do not fit together.
    error BadConfig();

    /// @notice The model does not take as many digits of 11 bits, from −1,024 on, as the hours give, and give one number.
    error NotAFeeModel(uint256 modelId);

    /// @notice There are too few closed hours yet.
    error HistoryTooShort(uint256 readyAt);

    /// @notice The request costs more than was sent and is held for it.
    error RequestUnderpaid(uint256 missing);

    /// @notice Asks the market which fee fits the last closed hours. Anyone may; coins sent along go to the contract's
    /// account at the coordinator.
    /// @return requestId the request
    function updateFee() external payable returns (bytes32 requestId);

    /// @notice What a call of `updateFee` has to send.
    /// @return missing coins
    function updateCost() external view returns (uint256 missing);

    /// @notice The fee as it holds now.
    /// @return fee in millionths of what comes in
    function currentFee() external view returns (uint256 fee);
}
