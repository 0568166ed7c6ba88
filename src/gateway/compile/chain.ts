/**
 * From plugin slots to a chain: presets expanded, phases ordered by `plugin_index`, conditions compiled.
 * Fail closed (law 1): one slot that cannot be made refuses the whole chain.
 */
import { pathForms, patternForms } from '../../http/path-forms.ts'
import { type Refusal, refuse } from '../../plugin/answer.ts'
import type {
  ClientRequest,
  PluginDefinition,
  PluginInstance,
  PluginServices,
} from '../../plugin/contract.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import { type PluginSlot, pluginSlots } from '../../model/types/plugin-slot.ts'
import type { Chain, ChainStep } from '../pipeline/chain.ts'
import { compileJavaRegex, MAX_TESTED } from '../router/java-regex.ts'
import { disposeQuietly } from './dispose.ts'
import type { PluginSource } from './plugin-source.ts'

export interface ChainServices {
  readonly plugins: PluginSource
  /** Ids of plugins switched off for the whole gateway (`otoroshi.plugins.blacklisted`). */
  readonly blacklisted: ReadonlySet<string>
  /** Services of the plugin in slot `slot`. */
  pluginServices(slot: number, plugin: string): PluginServices
}

export type CompiledChain =
  | { readonly ok: true; readonly chain: Chain }
  | { readonly ok: false; readonly refusal: Refusal }

interface Made {
  readonly plugin: string
  readonly only: ChainStep<unknown>['only']
  readonly debug: boolean
  readonly index: Readonly<Record<string, number | null>>
  readonly instance: PluginInstance
}

/** What an instance may have that is called. */
const phases: Readonly<Record<Exclude<keyof PluginInstance, 'ownAnswerFields'>, true>> = {
  incoming: true,
  router: true,
  matchRoute: true,
  sink: true,
  beforeRequest: true,
  preRoute: true,
  access: true,
  request: true,
  lookup: true,
  backend: true,
  answered: true,
  failed: true,
  response: true,
  lateResponse: true,
  error: true,
  afterRequest: true,
  message: true,
  tunnel: true,
  socket: true,
  expand: true,
  dispose: true,
}

type Condition = ChainStep<unknown>['only']

/** A slot to come, and when the one that it is a part of takes part. */
interface Waiting {
  readonly next: PluginSlot
  readonly only: Condition
  /** Ordinal of the first of its kind. */
  readonly first: number
}

function and(one: Condition, other: Condition): Condition {
  if (one === null || other === null) return one ?? other
  return request => one(request) && other(request)
}

/** Slots a chain may have once presets are expanded. */
const MOST_SLOTS = 1000

/** Ordinals of slots of all routes begin here: what stands there must not change those of a route's own. */
const OF_ALL_ROUTES = 1000

/** Compiles slots; the first `globals` of them are those of all routes. Rejects never. */
export async function compileChain(
  slots: readonly PluginSlot[],
  services: ChainServices,
  globals = 0,
): Promise<CompiledChain> {
  const made: Made[] = []
  const disabled: string[] = []
  const ordinals = new Map<string, number>()
  const waiting: Waiting[] = slots.map((next, at) => ({
    next,
    only: null,
    first: at < globals ? OF_ALL_ROUTES : 0,
  }))
  for (let slot = 0; waiting.length > 0; slot++) {
    const { next, only, first } = waiting.shift()!
    const name = `${first} ${next.plugin}`
    const ordinal = ordinals.get(name) ?? first
    // One that is switched off keeps its number.
    ordinals.set(name, ordinal + 1)
    if (!next.enabled) {
      disabled.push(next.plugin)
      continue
    }
    if (slot > MOST_SLOTS) return failed(made, 'plugin.setup_failed', next.plugin, 'too many plugins')
    const result = await makeSlot(next, { slot, ordinal }, services)
    if ('reason' in result) return failed(made, result.reason, next.plugin, result.detail)
    const { instance, expanded } = result
    const both = and(only, result.only)
    // What a plugin expands to is a part of it, and takes part where it does.
    if (expanded !== null)
      waiting.unshift(
        ...expanded.map(part => ({ next: { ...part, debug: part.debug || next.debug }, only: both, first })),
      )
    made.push({
      plugin: next.plugin,
      only: both,
      debug: next.debug,
      index: next.plugin_index ?? {},
      instance,
    })
  }
  return { ok: true, chain: chainOf(made, disabled) }
}

interface SlotFault {
  readonly reason: ReasonCode
  readonly detail: string
}

interface MadeSlot {
  readonly instance: PluginInstance
  readonly only: ChainStep<unknown>['only']
  readonly expanded: readonly PluginSlot[] | null
}

async function makeSlot(
  slot: PluginSlot,
  at: { readonly slot: number; readonly ordinal: number },
  services: ChainServices,
): Promise<MadeSlot | SlotFault> {
  if (services.blacklisted.has(slot.plugin))
    return { reason: 'plugin.setup_failed', detail: 'the plugin is switched off for the whole gateway' }
  let definition: PluginDefinition | null
  try {
    const found = services.plugins.find(slot.plugin)
    definition = found instanceof Promise ? await found : found
  } catch (error) {
    return { reason: 'plugin.setup_failed', detail: `the plugin does not load: ${messageOf(error)}` }
  }
  if (definition === null) return { reason: 'plugin.unknown', detail: 'no plugin has this id' }
  const config = parse(definition.config, slot.config)
  if (!config.ok) return { reason: 'plugin.invalid_config', detail: describeFaults(config.faults) }
  try {
    const only = conditionOf(slot)
    await definition.prepare?.(config.value)
    const instance = definition.setup(config.value, {
      ...services.pluginServices(at.slot, slot.plugin),
      ordinal: at.ordinal,
    })
    checkInstance(instance)
    const expanded = instance.expand === undefined ? null : slotsOf(instance.expand())
    return { instance, only, expanded }
  } catch (error) {
    return { reason: 'plugin.setup_failed', detail: messageOf(error) }
  }
}

/** What the setup of a plugin without types returns may be anything; what cannot take part must not be passed over. */
function checkInstance(instance: unknown): void {
  if (typeof instance !== 'object' || instance === null || instance instanceof Promise)
    throw new Error('setup returned no instance')
  for (const [phase, run] of Object.entries(instance))
    if (Object.hasOwn(phases, phase) && run !== undefined && run !== null && typeof run !== 'function')
      throw new Error(`${phase} is not a function`)
}

/** Slots of a preset, with the defaults of a stored slot. Throws when one is none. */
function slotsOf(expanded: unknown): readonly PluginSlot[] {
  if (!Array.isArray(expanded)) throw new Error('it expands to something that is no list of plugins')
  const slots = parse(pluginSlots, expanded)
  if (!slots.ok) throw new Error(`it expands to invalid plugins: ${describeFaults(slots.faults)}`)
  return slots.value
}

function failed(made: readonly Made[], reason: ReasonCode, plugin: string, detail: string): CompiledChain {
  for (const { instance } of made) disposeQuietly(instance)
  return { ok: false, refusal: refuse(reason, { subject: plugin, detail }) }
}

/** When the slot takes part: on its listeners, on included paths, not on excluded ones. */
function conditionOf(slot: PluginSlot): ChainStep<unknown>['only'] {
  const { include, exclude, bound_listeners: listeners } = slot
  if (include.length === 0 && exclude.length === 0 && listeners.length === 0) return null
  const included = include.flatMap(patternForms).map(wholePath)
  const excluded = exclude.flatMap(patternForms).map(wholePath)
  return (request: ClientRequest) => {
    if (listeners.length > 0 && !listeners.includes(request.connection.listener)) return false
    const { path } = request
    // Longer than expressions are tried on: the plugin takes part rather than be got round.
    if (path.length > MAX_TESTED) return true
    const forms = pathForms(path)
    const fits = (list: typeof included) => (form: string) => list.some(matches => matches(form))
    // No escape gets round a plugin: it takes part when a backend may take the path for one that it is meant for.
    if (included.length > 0 && !forms.some(fits(included))) return false
    return excluded.length === 0 || !forms.every(fits(excluded))
  }
}

function wholePath(pattern: string): (path: string) => boolean {
  const compiled = compileJavaRegex(pattern)
  if (!compiled.ok) throw new Error(compiled.message)
  return compiled.matches
}

const none: never[] = []

function chainOf(made: readonly Made[], disabled: readonly string[]): Chain {
  const pick = <K extends keyof PluginInstance>(
    phase: K,
    index: string,
  ): ChainStep<NonNullable<PluginInstance[K]>>[] => {
    const steps: { step: ChainStep<NonNullable<PluginInstance[K]>>; order: number }[] = []
    for (const { plugin, only, debug, instance, index: indexes } of made) {
      const run = instance[phase]
      if (run === undefined || run === null) continue
      // Called on its instance: a plugin may use `this`.
      const bound = (run as (...args: never[]) => unknown).bind(instance) as NonNullable<PluginInstance[K]>
      const order = Object.hasOwn(indexes, index)
        ? (indexes[index] ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY
      steps.push({ step: { plugin, only, debug, run: bound }, order })
    }
    // Most routes have few of the phases: those they lack share one list.
    if (steps.length === 0) return none
    // Stable: plugins without an index stay in list order behind the others.
    return steps.sort((a, b) => (a.order === b.order ? 0 : a.order - b.order)).map(s => s.step)
  }
  return {
    // Upstream has no indexes of their own for these two.
    incoming: pick('incoming', 'validate_access'),
    router: pick('router', 'sink'),
    sink: pick('sink', 'sink'),
    matchRoute: pick('matchRoute', 'match_route'),
    beforeRequest: pick('beforeRequest', 'transform_request'),
    preRoute: pick('preRoute', 'pre_route'),
    access: pick('access', 'validate_access'),
    request: pick('request', 'transform_request'),
    lookup: pick('lookup', 'transform_request'),
    backend: pick('backend', 'call_backend'),
    answered: pick('answered', 'transform_response'),
    failed: pick('failed', 'transform_response'),
    response: behind(pick('response', 'transform_response'), pick('lateResponse', 'transform_response')),
    error: pick('error', 'transform_response'),
    afterRequest: pick('afterRequest', 'transform_request'),
    message: pick('message', 'handles_websocket'),
    tunnel: pick('tunnel', 'handles_tunnel'),
    socket: pick('socket', 'call_backend'),
    answerFields: made.flatMap(({ instance, only }) =>
      (instance.ownAnswerFields ?? []).map(name => ({ name: name.toLowerCase(), only })),
    ),
    plugins: made.map(m => m.plugin),
    slots: made.map(({ plugin, only }) => ({ plugin, only })),
    disabled,
    instances: made.map(m => m.instance),
  }
}

function behind<T>(first: T[], late: T[]): T[] {
  return late.length === 0 ? first : [...first, ...late]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
