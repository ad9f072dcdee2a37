// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title A constant-product pool whose fee a model proposes
/// @notice Trades two ERC-20 tokens. The fee comes from a verified inference over what the pool itself saw in its last
/// eight closed hours, so a proof binds it to the pool's own past: no proof about other numbers, for another pool, chain,
/// model or request passes. Who trades shapes that past, at the price of the fee.
///
/// All that an inference can do is to set the fee within bounds that were fixed at deployment, for `feeTtl` seconds from
/// its snapshot; then the fallback fee holds until the next one. Nobody owns or governs the pool.
///
/// Who pays: whoever calls `updateFee` sends what the pool's account at the coordinator lacks. What a request does not
/// cost, and refunds of unanswered ones, stay in that account for the next; anyone may fill it (`depositFor` there). It
/// cannot be withdrawn. Liquidity never pays.
///
/// Tokens whose transfers deliver less than asked for are refused; balances that change by themselves are not supported.
interface IDynamicFeePool {
    /// @notice Liquidity came in.
    /// @param sender who paid
    /// @param to who got the shares
    /// @param amount0 of token 0
    /// @param amount1 of token 1
    /// @param shares how many
    event LiquidityAdded(address indexed sender, address indexed to, uint256 amount0, uint256 amount1, uint256 shares);

    /// @notice Liquidity went out.
    /// @param sender whose shares were burned
    /// @param to who was paid
    /// @param amount0 of token 0
    /// @param amount1 of token 1
    /// @param shares how many
    event LiquidityRemoved(
        address indexed sender,
        address indexed to,
        uint256 amount0,
        uint256 amount1,
        uint256 shares
    );

    /// @notice A trade.
    /// @param sender who paid
    /// @param to who was paid
    /// @param tokenIn what was paid in
    /// @param amountIn how much of it
    /// @param amountOut how much of the other token
    /// @param fee the fee taken, in millionths of `amountIn`
    event Swapped(
        address indexed sender,
        address indexed to,
        IERC20 indexed tokenIn,
        uint256 amountIn,
        uint256 amountOut,
        uint256 fee
    );

    /// @notice A proven fee holds.
    /// @param requestId the request that it answers
    /// @param proposed what the model says, in millionths
    /// @param fee what holds: the same, within the bounds
    /// @param expiresAt last second of it
    event FeeUpdated(bytes32 indexed requestId, uint256 proposed, uint256 fee, uint256 expiresAt);

    /// @notice The two tokens are one, or none.
    error BadTokens(IERC20 token0, IERC20 token1);

    /// @notice Bounds, fallback, times or terms do not fit together.
    error BadConfig();

    /// @notice The model does not take sixteen digits of 11 bits from −1,024 on and give one number.
    error NotAFeeModel(uint256 modelId);

    /// @notice The transaction came too late.
    error DeadlinePassed(uint256 deadline);

    /// @notice The pool does not trade this token.
    error UnknownToken(IERC20 token);

    /// @notice Nothing comes in, or nothing would go out.
    error NothingToDo();

    /// @notice Less than the least that was asked for.
    error BelowMinimum(uint256 amount, uint256 minimum);

    /// @notice A transfer delivered another amount than asked for.
    error UnsupportedToken(IERC20 token, uint256 expected, uint256 received);

    /// @notice There are too few closed hours yet.
    error HistoryTooShort(uint256 readyAt);

    /// @notice The request costs more than was sent and is held for it.
    error RequestUnderpaid(uint256 missing);

    /// @notice Trades an exact amount.
    /// @param tokenIn what is paid in, one of the two
    /// @param amountIn how much of it
    /// @param minAmountOut least to get of the other
    /// @param to who gets it
    /// @param deadline last second
    /// @return amountOut what was paid out
    function swap(
        IERC20 tokenIn,
        uint256 amountIn,
        uint256 minAmountOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    /// @notice Adds liquidity in the ratio of the reserves; the first one sets the ratio.
    /// @param maxAmount0 most to pay of token 0
    /// @param maxAmount1 most to pay of token 1
    /// @param minShares least shares to get
    /// @param to who gets them
    /// @param deadline last second
    /// @return amount0 what was paid of token 0
    /// @return amount1 what was paid of token 1
    /// @return shares what was minted
    function addLiquidity(
        uint256 maxAmount0,
        uint256 maxAmount1,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external returns (uint256 amount0, uint256 amount1, uint256 shares);

    /// @notice Takes liquidity out.
    /// @param shares how many of the sender's to burn
    /// @param minAmount0 least to get of token 0
    /// @param minAmount1 least to get of token 1
    /// @param to who gets it
    /// @param deadline last second
    /// @return amount0 what was paid of token 0
    /// @return amount1 what was paid of token 1
    function removeLiquidity(
        uint256 shares,
        uint256 minAmount0,
        uint256 minAmount1,
        address to,
        uint256 deadline
    ) external returns (uint256 amount0, uint256 amount1);

    /// @notice Asks the market which fee fits the last closed hours. Anyone may; coins sent along go to the pool's account
    /// at the coordinator.
    /// @return requestId the request
    function updateFee() external payable returns (bytes32 requestId);

    /// @notice What a call of `updateFee` has to send.
    /// @return missing coins
    function updateCost() external view returns (uint256 missing);

    /// @notice The fee as it holds now.
    /// @return fee in millionths of what comes in
    function currentFee() external view returns (uint256 fee);

    /// @notice What a trade would give now.
    /// @param tokenIn what is paid in
    /// @param amountIn how much of it
    /// @return amountOut what would be paid out
    function quote(IERC20 tokenIn, uint256 amountIn) external view returns (uint256 amountOut);

    /// @notice What an inference would be about now: move in ticks and volume in basis points of each of the last eight
    /// closed hours, the newest first. Empty before the first liquidity.
    /// @return values sixteen numbers
    function closedHours() external view returns (int256[] memory values);

    /// @notice The first token.
    /// @return token its address
    function token0() external view returns (IERC20 token);

    /// @notice The second token.
    /// @return token its address
    function token1() external view returns (IERC20 token);

    /// @notice What the pool counts as its own; tokens forced upon it are nobody's.
    /// @return reserve0 of token 0
    /// @return reserve1 of token 1
    function reserves() external view returns (uint256 reserve0, uint256 reserve1);
}
