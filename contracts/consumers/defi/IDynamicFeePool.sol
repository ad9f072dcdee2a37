// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IModelFee} from "./IModelFee.sol";

/// @title A constant-product pool whose fee a model proposes
/// @notice Trades two ERC-20 tokens. The fee is a {IModelFee}, over what the pool itself saw in its last eight closed hours.
///
/// Tokens whose transfers deliver less than asked for are refused; balances that change by themselves are not supported.
interface IDynamicFeePool is IModelFee {
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

    /// @notice The two tokens are one, or none.
    error BadTokens(IERC20 token0, IERC20 token1);

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
