// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { ZeroAddress, type TransactionReceipt, type TransactionResponse } from 'ethers'
import type { Market } from './market'
import type { AskedRequest } from './requester'

/** `IInferenceCoordinator.State`, as far as tests look at it. */
const [OPEN, FULFILLED] = [1n, 5n]

/** What must hold of the chain when a test ends. */
export type Truth = {
  readonly requests: readonly AskedRequest[]
  /** Accounts of the daemons; nobody else may have answered. */
  readonly provers: readonly string[]
  /** Requests that nobody could serve: they must still be as they were opened. */
  readonly unserved?: readonly AskedRequest[]
  /**
   * Whether transactions of the provers may have failed on chain, which costs a fee: where reorgs move what they stood
   * on. Never otherwise.
   */
  readonly reverts?: boolean
}

/** What the chain says, in wei. */
export type Books = {
  readonly fulfilled: number
  readonly reverted: number
  /** Fees of all provers. */
  readonly fees: bigint
}

/** A transaction of an account, and what became of it. */
type Spending = { readonly transaction: TransactionResponse; readonly receipt: TransactionReceipt }

/**
 * Reads the canonical chain from the deployment on and asserts that every request was answered exactly once and
 * rightly, that every transaction of the provers has a reason, and that all accounts are right to the wei.
 */
export async function checkTruth(market: Market, truth: Truth): Promise<Books> {
  const { coordinator, coordinatorAddress, since, anvil } = market
  const { provider } = anvil
  const { requests, provers, unserved = [], reverts = false } = truth
  const { filters } = coordinator
  const [opened, locked, fulfilled, deposits, withdrawals, refunded] = await Promise.all([
    coordinator.queryFilter(filters.RequestOpened(), since),
    coordinator.queryFilter(filters.RequestLocked(), since),
    coordinator.queryFilter(filters.RequestFulfilled(), since),
    coordinator.queryFilter(filters.Deposited(), since),
    coordinator.queryFilter(filters.Withdrawn(), since),
    coordinator.queryFilter(filters.RequestRefunded(), since),
  ])
  expect(refunded, 'refunds').to.be.empty

  // Every request that could be served: opened, locked and fulfilled once, by one of ours, with the right output.
  expect(opened.length, 'requests opened').to.equal(requests.length + unserved.length)
  for (const { id, input } of requests) {
    const answers = fulfilled.filter(({ args }) => args.requestId === id)
    expect(answers.length, `answers to ${id}`).to.equal(1)
    expect(locked.filter(({ args }) => args.requestId === id).length, `locks of ${id}`).to.equal(1)
    const { prover, output, inputCommitment } = answers[0]!.args
    expect(provers, `prover of ${id}`).to.include(prover)
    expect(inputCommitment, `input of ${id}`).to.equal(input.commitment)
    expect(output, `output of ${id}`).to.equal(input.output)
    expect((await coordinator.recordOf(id)).state, `state of ${id}`).to.equal(FULFILLED)
  }
  for (const { id } of unserved) {
    expect((await coordinator.recordOf(id)).state, `state of unserved ${id}`).to.equal(OPEN)
  }
  expect(fulfilled.length, 'requests fulfilled').to.equal(requests.length)

  // Accounts at the coordinator follow from its events.
  const asked = new Map([...requests, ...unserved].map((one) => [one.id, one.request]))
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  const owed = (account: string): bigint => {
    const is = (other: string): boolean => other.toLowerCase() === account.toLowerCase()
    return sum([
      ...deposits.filter(({ args }) => is(args.account)).map(({ args }) => args.amount),
      ...withdrawals.filter(({ args }) => is(args.account)).map(({ args }) => -args.amount),
      ...opened.filter(({ args }) => is(args.requester)).map(({ args }) => -args.request.maxPrice),
      ...locked.map(({ args }) => {
        const { requester, maxPrice, bond } = asked.get(args.requestId)!
        return (is(requester) ? maxPrice - args.price : 0n) - (is(args.locker) ? bond : 0n)
      }),
      ...fulfilled.filter(({ args }) => is(args.prover)).map(({ args }) => args.price + args.bond),
    ])
  }
  const holders = new Set([...provers, ...deposits.map(({ args }) => args.account)])
  for (const holder of holders) {
    expect(await coordinator.balanceOf(ZeroAddress, holder), `account of ${holder}`).to.equal(owed(holder))
  }
  const escrow = sum(unserved.map(({ request }) => request.maxPrice))
  expect(await provider.getBalance(coordinatorAddress), 'holdings of the coordinator').to.equal(
    sum([...holders].map(owed)) + escrow,
  )

  // Every wei that left a prover's own account is a fee or went into the market, and every transaction had a purpose.
  const spendings = await readSpendings(market, provers)
  let fees = 0n
  let reverted = 0
  for (const prover of provers) {
    const own = spendings.filter(({ transaction }) => transaction.from === prover)
    const done = own.filter(({ receipt }) => receipt.status === 1)
    reverted += own.length - done.length
    const paid = sum(own.map(({ receipt }) => receipt.fee))
    fees += paid
    const sent = sum(
      done.filter(({ transaction: { to } }) => to !== prover).map(({ transaction }) => transaction.value),
    )
    const received = sum(withdrawals.filter(({ args }) => args.to === prover).map(({ args }) => args.amount))
    const before = await provider.getBalance(prover, since)
    expect(await provider.getBalance(prover), `coins of ${prover}`).to.equal(before - paid - sent + received)
    expect(await provider.getTransactionCount(prover), `nonce of ${prover}`).to.equal(own.length)
  }
  const purposes = spendings
    .filter(({ receipt }) => receipt.status === 1)
    .map(({ transaction }) => purposeOf(market, transaction))
    .filter((purpose) => purpose !== undefined)
  expect(purposes, 'what transactions did, each once').to.deep.equal([...new Set(purposes)])
  if (!reverts) expect(reverted, 'transactions of provers that failed').to.equal(0)
  return { fulfilled: fulfilled.length, reverted, fees }
}

/** All transactions of some accounts on the canonical chain. */
async function readSpendings({ anvil: { provider }, since }: Market, accounts: readonly string[]): Promise<Spending[]> {
  const spendings: Spending[] = []
  const newest = await provider.getBlockNumber()
  for (let number = since + 1; number <= newest; number++) {
    const block = await provider.getBlock(number, true)
    for (const transaction of block?.prefetchedTransactions ?? []) {
      if (!accounts.includes(transaction.from)) continue
      const receipt = await provider.getTransactionReceipt(transaction.hash)
      spendings.push({ transaction, receipt: receipt! })
    }
  }
  return spendings
}

/** What a transaction did, the same for two that did the same; nothing when it only used up its nonce. */
function purposeOf(
  { coordinator, coordinatorAddress }: Market,
  { from, to, data, value, nonce }: TransactionResponse,
): string | undefined {
  if (to === from && data === '0x' && value === 0n) return undefined
  expect(to, `receiver of transaction ${nonce} of ${from}`).to.equal(coordinatorAddress)
  const call = coordinator.interface.parseTransaction({ data, value })
  switch (call?.name) {
    case 'lock':
    case 'fulfill':
      return `${call.name} ${coordinator.interface.encodeFunctionData('requestIdOf', [call.args[0] as never])}`
    case 'deposit':
    case 'withdraw':
      return `${call.name} ${from} ${nonce}`
    default:
      throw new Error(
        `Transaction ${nonce} of ${from} calls ${call?.name ?? data.slice(0, 10)}, for no reason we know.`,
      )
  }
}
