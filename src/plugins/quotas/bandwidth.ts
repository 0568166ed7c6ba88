/** Limits on the bytes of bodies, for requests and for responses: one body alone, or all of a group together. */
import { Transform, type TransformCallback } from 'node:stream'
import { windowPlan, type Plan } from '../../limits/plan.ts'
import { LOOK, NOTE, PASS, type Tally } from '../../limits/tally.ts'
import {
  type Body,
  BodyFault,
  type BodyTransform,
  countCall,
  type Exchange,
  type Limit,
  type PluginInstance,
  type PluginServices,
  type Refusal,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'

const amount = v.union([text, v.pipe(v.number(), v.transform(String))])

export const bandwidthSettings = v.looseObject({
  window_millis: setting(amount, '60000', 'Length of the window, milliseconds: a number or an expression'),
  throttling_quota: setting(amount, '10485760', 'Bytes per window: a number or an expression'),
  group_expr: setting(text, '${route.id}', 'Expression that names who counts together'),
  fail: setting(flag, true, 'per_request only: end a body that is too fast, instead of slowing it down'),
  kind: setting(
    v.picklist(['per_request', 'per_node', 'per_cluster']),
    'per_request',
    'What is limited: each body for itself, or the bodies of a group on one instance or on all of them',
  ),
})

type BandwidthSettings = v.InferOutput<typeof bandwidthSettings>

/** Milliseconds between two pieces of a body that is slowed down. */
const PAUSE = 20

/** `name`: of the counter in the store. `bodyOf`: the body that is limited, in the phase that `phase` names. */
export function bandwidthLimit(
  config: BandwidthSettings,
  services: PluginServices,
  name: string,
  phase: 'request' | 'response',
): PluginInstance {
  const { route, adminRoute, template } = services
  // Nobody is locked out of the admin API.
  if (adminRoute !== '' && route.id === adminRoute) return {}
  const plans = planOf(config, services)
  const bodyOf = (exchange: Exchange): Body =>
    phase === 'request' ? exchange.upstream.body : exchange.response.body
  if (config.kind === 'per_request')
    return {
      [phase](exchange: Exchange): Refusal | undefined {
        const plan = plans(exchange)
        if (plan === null || plan.window === 0)
          return refuse('limit.bandwidth', { detail: 'no bytes are allowed' })
        const body = bodyOf(exchange)
        const allowance = new Allowance(plan)
        if (config.fail) body.transform(new Metered(bytes => allowance.take(bytes), plan), body.length)
        else body.pipe({ open: () => new Slowed(allowance) })
        return undefined
      },
    }
  const { counting } = services
  const family = config.kind === 'per_node' ? 'node' : 'custom-throttling'
  const group = template(config.group_expr)
  const tallyOf = (exchange: Exchange): Tally => counting.tally(family, group(exchange), name)
  const refusal = (): Refusal => refuse('limit.bandwidth')
  return {
    access(exchange) {
      const plan = plans(exchange)
      if (plan === null) return refusal()
      const limit: Limit = {
        counting,
        plan,
        mode: LOOK,
        scope: 'bandwidth',
        unit: 'content-bytes',
        shadow: false,
        refusal,
      }
      return countCall(exchange, tallyOf(exchange), limit)
    },
    [phase](exchange: Exchange): Refusal | undefined {
      const plan = plans(exchange)
      if (plan === null) return refusal()
      const tally = tallyOf(exchange)
      const body = bodyOf(exchange)
      const take = (bytes: number): boolean => counting.stepNow(tally, plan, NOTE, bytes) === PASS
      body.transform(new Metered(take, plan), body.length)
      return undefined
    },
  }
}

/** The plan of a request; null when its expressions give no numbers. Throws when the settings hold neither. */
function planOf(
  { window_millis: window, throttling_quota: quota }: BandwidthSettings,
  { template }: PluginServices,
): (exchange: Exchange) => Plan | null {
  if (!window.includes('${') && !quota.includes('${')) {
    const plan = readPlan(window, quota)
    if (plan === null) throw new Error('window_millis and throttling_quota are whole numbers or expressions')
    return () => plan
  }
  const windowOf = template(window)
  const quotaOf = template(quota)
  return exchange => readPlan(windowOf(exchange), quotaOf(exchange))
}

function readPlan(window: string, quota: string): Plan | null {
  if (!/^\d{1,15}$/.test(window.trim()) || !/^\d{1,15}$/.test(quota.trim())) return null
  return windowPlan(Number(quota), Math.max(1, Number(window)))
}

/** Bytes one body may send: those of a window at once, and more as time goes by. */
class Allowance {
  readonly #plan: Plan
  #left: number
  #at = performance.now()

  constructor(plan: Plan) {
    this.#plan = plan
    this.#left = plan.window
  }

  /** Bytes that may go now. */
  get left(): number {
    const now = performance.now()
    const { window, windowMs } = this.#plan
    this.#left = Math.min(window, this.#left + ((now - this.#at) * window) / windowMs)
    this.#at = now
    return Math.floor(this.#left)
  }

  take(bytes: number): boolean {
    if (bytes > this.left) return false
    this.#left -= bytes
    return true
  }
}

/** Ends the body as soon as it is too fast. */
class Metered implements BodyTransform {
  readonly #take: (bytes: number) => boolean
  readonly #plan: Plan

  constructor(take: (bytes: number) => boolean, plan: Plan) {
    this.#take = take
    this.#plan = plan
  }

  push(chunk: Buffer): Buffer {
    if (this.#take(chunk.length)) return chunk
    const { window, windowMs } = this.#plan
    throw new BodyFault(refuse('limit.bandwidth', { detail: `more than ${window} bytes in ${windowMs} ms` }))
  }

  end(): null {
    return null
  }
}

/** Passes a body on no faster than allowed. */
class Slowed extends Transform {
  readonly #allowance: Allowance
  #timer: NodeJS.Timeout | null = null

  constructor(allowance: Allowance) {
    super()
    this.#allowance = allowance
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const send = (from: number): void => {
      const size = Math.min(chunk.length - from, this.#allowance.left)
      if (size > 0 && this.#allowance.take(size)) this.push(chunk.subarray(from, from + size))
      if (from + size >= chunk.length) done()
      else this.#timer = setTimeout(send, PAUSE, from + size)
    }
    send(0)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    done(error)
  }
}
