/** Waiting in tests, so that a slow machine makes them slow and not wrong. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable } from '../contract.ts'

/** Waits until `holds` answers true. Rejects with `what` after `patience` milliseconds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = 60_000,
): Promise<void> {
  const limit = Date.now() + patience
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`waited ${patience} ms in vain until ${what}`)
    await sleep(2)
  }
}

/** Does the work again while the store is unavailable; answers what it answered. Any other error is passed on. */
export async function eventually<T>(work: () => Promise<T>, patience = 60_000): Promise<T> {
  const limit = Date.now() + patience
  for (;;) {
    try {
      return await work()
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable, String(error))
      if (Date.now() > limit) throw error
      await sleep(10)
    }
  }
}

/** Milliseconds of the quickest of some tries: what the work takes when nothing else holds the machine. */
export async function quickest(tries: number, work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries; i++) {
    const began = performance.now()
    await work()
    least = Math.min(least, performance.now() - began)
  }
  return least
}

/** `p50 3.1 ms, p99 9.8 ms` of durations in milliseconds. */
export function percentiles(durations: readonly number[]): { p50: number; p99: number; text: string } {
  const sorted = [...durations].sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
  const [p50, p99] = [at(0.5), at(0.99)]
  return { p50, p99, text: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms` }
}
