// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {InvariantTest} from "../support/Test.sol";
import {CoordinatorHandler} from "./CoordinatorHandler.sol";

/// Whatever requesters, lockers, provers, relayers, thieves, tokens and callbacks do, the coordinator's books are those of
/// the handler, which knows only docs/market.md; nothing is paid twice, and nothing is stuck.
contract CoordinatorInvariants is InvariantTest {
    CoordinatorHandler private _handler;

    function setUp() external {
        _handler = new CoordinatorHandler();
        targetContract(address(_handler));
        excludeSelector(address(_handler), CoordinatorHandler.windDown.selector);
    }

    /// Balances, escrow and bonds are what the coordinator holds, to the wei, less what was forced upon it. So a
    /// callback's or a token's behaviour, or a proof in another form, moved nothing.
    function invariant_everyWeiIsAccountedFor() external view {
        _handler.checkBooks();
    }

    /// Every wei is claimable by someone: all requests end, everybody withdraws, and nothing is left.
    function afterInvariant() external {
        _handler.checkRequests();
        _handler.windDown();
    }
}
