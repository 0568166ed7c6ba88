/**
 * Choosing a target: predicates, bad health and open breakers take targets out, primaries go before backups, the
 * strategy picks from what is left by weight.
 *
 * Guarantees: synchronous, allocates nothing while all is well; a single healthy target costs two loads of shared
 * memory; an open breaker lets exactly one probe through over all threads. After `close` nothing may be called.
 * Not guaranteed: that a target chosen is up, nor the order of turns between threads.
 */
import type { Cell, SharedCells } from '../../limits/cells.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import { HealthMark } from '../health/marks.ts'
import type { CompiledBackend } from './backend.ts'
import { Breaker } from './breaker.ts'
import { Candidates } from './candidates.ts'
import type { TimeoutProfile } from './client.ts'
import type { GeoPosition } from './predicate.ts'
import { openStats, type TargetStats } from './stats.ts'
import type { RequestFacts, Strategy } from './strategies/index.ts'
import type { CompiledTarget } from './target.ts'

/** A request as the balancer asks it. Make the costly ones getters: they are read only when needed. */
export interface ChoiceContext extends RequestFacts {
  /** Epoch milliseconds. */
  readonly now: number
  /** Where the client is, when something located it. */
  readonly position: GeoPosition | null
  /** Written by `choose`: this call is the one probe of an open breaker. Hand it back with the outcome. */
  probe: boolean
}

export type NoTargetReason = Extract<
  ReasonCode,
  'backend.no_target' | 'backend.unhealthy' | 'backend.circuit_open'
>

/** A target, or (a text) the reason why there is none. */
export type Choice = CompiledTarget | NoTargetReason

export interface BalancingServices {
  readonly cells: SharedCells
  /** 0 ≤ x < 1; `Math.random` unless a test wants to know. */
  readonly random: () => number
  /** Global setting `useCircuitBreakers`: false leaves health and breakers out of it. */
  readonly useCircuitBreakers: boolean
  /** A breaker changed: called on the thread that changed it, once per change over all threads. `scope` names the route. */
  readonly onBreaker: (change: 'open' | 'closed', target: CompiledTarget, scope: string) => void
}

export class Chooser {
  readonly backend: CompiledBackend
  readonly #scope: string
  readonly #services: BalancingServices
  readonly #strategy: Strategy
  /** Turns taken by the route, over all threads; null when its strategy takes none. */
  readonly #turns: Cell | null
  readonly #stats: TargetStats
  /** By index of the target. */
  readonly #marks: readonly HealthMark[]
  /** By timeout profile, then by index of the target; a profile's breakers are made when it is first used. */
  readonly #breakers: Breaker[][] = []
  readonly #single: CompiledTarget | null
  readonly #unconditional: boolean
  /** All targets, for when none is out. */
  readonly #primaries: Candidates
  readonly #backups: Candidates
  /** What is left of them otherwise; rebuilt on each use. */
  readonly #somePrimaries = new Candidates()
  readonly #someBackups = new Candidates()

  constructor(backend: CompiledBackend, scope: string, services: BalancingServices) {
    const { targets, balancing } = backend
    const { cells, random } = services
    this.backend = backend
    this.#scope = scope
    this.#services = services
    this.#stats = openStats(cells, scope, targets, balancing)
    this.#turns = balancing.takesTurns ? cells.open(`balancing:turns:${scope}`) : null
    this.#strategy = balancing.create({ turns: this.#turns, random, stats: this.#stats })
    this.#marks = services.useCircuitBreakers ? targets.map(target => new HealthMark(cells, target.key)) : []
    this.#unconditional = targets.every(target => target.predicate === null)
    this.#single = targets.length === 1 && this.#unconditional && targets[0]!.weight > 0 ? targets[0]! : null
    this.#primaries = Candidates.of(targets.filter(target => !target.backup))
    this.#backups = Candidates.of(targets.filter(target => target.backup))
  }

  /** `attempt` counts from 1. `profile` is the one `backend.timeoutsFor` answered. */
  choose(context: ChoiceContext, attempt: number, profile: TimeoutProfile): Choice {
    context.probe = false
    if (!this.#services.useCircuitBreakers) return this.#chooseUnguarded(context, attempt)
    const breakers = this.#breakers[profile.index] ?? this.#openBreakers(profile)
    const single = this.#single
    if (single !== null && this.#marks[0]!.clean && breakers[0]!.closed) return single
    if (single === null && this.#unconditional && this.#allWell(breakers))
      return this.#pick(this.#primaries, this.#backups, context, attempt) ?? 'backend.no_target'
    return this.#chooseGuarded(context, attempt, breakers)
  }

  /** A call begins; pair it with `finished`. */
  started(target: CompiledTarget): void {
    this.#stats.started(target.index)
  }

  finished(target: CompiledTarget): void {
    this.#stats.finished(target.index)
  }

  /** Whole duration of a request, milliseconds. */
  measured(target: CompiledTarget, milliseconds: number): void {
    this.#stats.measured(target.index, milliseconds)
  }

  /** A response head came, whatever its status. */
  succeeded(target: CompiledTarget, profile: TimeoutProfile, probe: boolean): void {
    this.#breakers[profile.index]?.[target.index]?.succeeded(probe)
  }

  /** No response head came, or not in time. */
  failed(target: CompiledTarget, profile: TimeoutProfile, probe: boolean, now: number): void {
    this.#breakers[profile.index]?.[target.index]?.failed(probe, now)
  }

  /** The call ended through no fault of the target (the client went away). */
  abandoned(target: CompiledTarget, profile: TimeoutProfile, probe: boolean, now: number): void {
    if (probe) this.#breakers[profile.index]?.[target.index]?.abandoned(now)
  }

  /** Gives the shared cells back. Close the old chooser of a route after the new one is made, so that counts live on. */
  close(): void {
    this.#stats.close()
    if (this.#turns !== null) this.#services.cells.close(this.#turns)
    for (const mark of this.#marks) mark.close()
    for (const breakers of this.#breakers) for (const breaker of breakers ?? []) breaker.close()
    this.#breakers.length = 0
  }

  #allWell(breakers: readonly Breaker[]): boolean {
    const marks = this.#marks
    for (let i = 0; i < marks.length; i++) if (!marks[i]!.clean || !breakers[i]!.closed) return false
    return true
  }

  #chooseGuarded(context: ChoiceContext, attempt: number, breakers: readonly Breaker[]): Choice {
    // Each lost race for a probe takes one target out, so the rounds end.
    for (let round = 0; round <= breakers.length; round++) {
      const missing = this.#filter(context, breakers)
      const target = this.#pick(this.#somePrimaries, this.#someBackups, context, attempt)
      if (target === null) return missing
      const breaker = breakers[target.index]!
      if (breaker.closed) return target
      if (!breaker.takeProbe(context.now)) continue
      context.probe = true
      return target
    }
    return 'backend.circuit_open'
  }

  /** Fills the lists of what is left; answers the reason to give when nothing is. */
  #filter(context: ChoiceContext, breakers: readonly Breaker[]): NoTargetReason {
    this.#somePrimaries.clear()
    this.#someBackups.clear()
    const { now } = context
    let missing: NoTargetReason = 'backend.no_target'
    for (const target of this.backend.targets) {
      if (target.weight === 0 || target.predicate?.(context.position) === false) continue
      if (this.#marks[target.index]!.bad(now)) {
        if (missing === 'backend.no_target') missing = 'backend.unhealthy'
      } else if (!breakers[target.index]!.available(now)) missing = 'backend.circuit_open'
      else (target.backup ? this.#someBackups : this.#somePrimaries).push(target)
    }
    return missing
  }

  #chooseUnguarded(context: ChoiceContext, attempt: number): Choice {
    if (this.#unconditional)
      return this.#pick(this.#primaries, this.#backups, context, attempt) ?? 'backend.no_target'
    this.#somePrimaries.clear()
    this.#someBackups.clear()
    for (const target of this.backend.targets) {
      if (target.predicate?.(context.position) === false) continue
      const list = target.backup ? this.#someBackups : this.#somePrimaries
      list.push(target)
    }
    return this.#pick(this.#somePrimaries, this.#someBackups, context, attempt) ?? 'backend.no_target'
  }

  /** Backups are asked when no primary is left, or once there were more attempts than places of primaries. */
  #pick(
    primaries: Candidates,
    backups: Candidates,
    context: ChoiceContext,
    attempt: number,
  ): CompiledTarget | null {
    const list =
      backups.size === 0 || (primaries.size > 0 && attempt <= primaries.total) ? primaries : backups
    if (list.size === 0) return null
    return this.#strategy.pick(list, context, attempt)
  }

  #openBreakers(profile: TimeoutProfile): Breaker[] {
    const { client, targets } = this.backend
    const limits = {
      maxErrors: client.maxErrors,
      sampleInterval: client.sampleInterval,
      probeLease: Math.max(client.sampleInterval, profile.call),
    }
    // New limits are a new breaker. The rule stands for the address: addresses are the client's and have no end.
    const numbers = `${client.maxErrors}/${profile.call}/${profile.callAndStream}/${client.sampleInterval}`
    const breakers = targets.map(target => {
      const key = `${this.#scope}|${profile.pattern}|${numbers}|${target.key}`
      return new Breaker(this.#services.cells, key, limits, {
        onOpen: () => this.#services.onBreaker('open', target, this.#scope),
        onClose: () => this.#services.onBreaker('closed', target, this.#scope),
      })
    })
    this.#breakers[profile.index] = breakers
    return breakers
  }
}

/** The chooser of a route's backend. `scope` is the route's cacheable id: breakers and response times belong to it. */
export function compileChooser(
  backend: CompiledBackend,
  scope: string,
  services: BalancingServices,
): Chooser {
  return new Chooser(backend, scope, services)
}
