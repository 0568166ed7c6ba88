/** What tests of balancing are made of: backends from a few words, requests, chance with a seed. */
import assert from 'node:assert/strict'
import { SharedCells } from '../../../limits/cells.ts'
import {
  type BalancingServices,
  type Choice,
  type ChoiceContext,
  type Chooser,
  type CompiledBackend,
  type CompiledTarget,
  compileBackend,
  compileChooser,
  type InstanceLocation,
} from '../index.ts'

/** Chance that repeats itself (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Json = Readonly<Record<string, unknown>>

/** Targets `a`, `b`, `c` … each with what is said about it. */
export function targetsOf(...about: readonly Json[]): Json[] {
  return about.map((json, i) => {
    const name = String.fromCharCode(97 + i)
    return { id: name, hostname: `${name}.test`, port: 8080, tls: false, ...json }
  })
}

/** Compiles a backend or fails the test. */
export function backendOf(json: Json, here?: InstanceLocation): CompiledBackend {
  const compiled = compileBackend(json, here)
  assert.ok(compiled.ok, compiled.ok ? '' : JSON.stringify(compiled.faults))
  return compiled.value
}

/** A backend with a strategy. */
export function balanced(type: string | Json, ...about: readonly Json[]): CompiledBackend {
  return backendOf({
    targets: targetsOf(...about),
    load_balancing: typeof type === 'string' ? { type } : type,
  })
}

export function chooserOf(backend: CompiledBackend, services: Partial<BalancingServices> = {}): Chooser {
  return compileChooser(backend, 'route', {
    cells: new SharedCells(),
    random: seeded(1),
    useCircuitBreakers: true,
    onBreaker: () => {},
    ...services,
  })
}

export function contextOf(about: Partial<ChoiceContext> = {}): ChoiceContext {
  return {
    now: 1_800_000_000_000,
    position: null,
    probe: false,
    ip: '192.0.2.1',
    trackingId: () => 'tracking',
    cookie: () => undefined,
    query: () => undefined,
    header: () => undefined,
    ...about,
  }
}

/** The target of a choice; fails the test when there is none. */
export function targetOf(choice: Choice): CompiledTarget {
  if (typeof choice === 'string') assert.fail(`no target: ${choice}`)
  return choice
}

/** Ids chosen by `count` requests in a row. */
export function idsOf(
  chooser: Chooser,
  count: number,
  context: (i: number) => ChoiceContext = () => contextOf(),
  attempt = 1,
): string[] {
  return Array.from({ length: count }, (_, i) => {
    const ctx = context(i)
    const choice = chooser.choose(ctx, attempt, chooser.backend.timeoutsFor('/'))
    return typeof choice === 'string' ? choice : choice.id
  })
}

export function tally(ids: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

/** Pearson's statistic of what was drawn against shares that add up to 1. */
export function chiSquare(ids: readonly string[], shares: Readonly<Record<string, number>>): number {
  const counts = tally(ids)
  for (const id of Object.keys(counts)) assert.ok(id in shares, `unexpected ${id}`)
  let sum = 0
  for (const [id, share] of Object.entries(shares)) {
    const expected = share * ids.length
    sum += ((counts[id] ?? 0) - expected) ** 2 / expected
  }
  return sum
}

/** Bound of the statistic that chance passes once in a thousand, by degrees of freedom. */
export const chiBound: Readonly<Record<number, number>> = { 1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 9: 27.88 }
