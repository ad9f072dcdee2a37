// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Contracts of others that a deployment needs: importing them is what makes the compiler build them.
// solhint-disable-next-line no-unused-import
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
