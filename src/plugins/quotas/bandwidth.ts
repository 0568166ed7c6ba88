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
  tellOver,
} from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { shadow } from './shadow.ts'

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
  shadow,
})

type BandwidthSettings = v.InferOutput<typeof bandwidthSettings>

/** Milliseconds between two pieces of a body that is slowed down. */
const PAUSE = 20

/** `name`: of the counter in the store. `phase`: whose body is limited. */
export function bandwidthLimit(
  config: BandwidthSettings,
  services: PluginServices,
  name: string,
  phase: 'request' | 'response',
): PluginInstance {
  const { route, adminRoute, template } = services
  // Nobody is locked out of the admin API.
  if (adminRoute !== '' && route.id === adminRoute) return {}
  const { counting } = services
  const shadowed = config.shadow || counting.shadow
  const plans = planOf(config, services)
  const bodyOf = (exchange: Exchange): Body =>
    phase === 'request' ? exchange.upstream.body : exchange.response.body
  /** What a body over the limit meets; in shadow it is told of and goes on. */
  const over = (exchange: Exchange, detail?: string): Refusal | undefined => {
    if (!shadowed) return refuse('limit.bandwidth', detail === undefined ? {} : { detail })
    tellOver(exchange, 'bandwidth-window')
    return undefined
  }
  const metered = (
    exchange: Exchange,
    { window, windowMs }: Plan,
    take: (bytes: number) => boolean,
  ): void => {
    const detail = `more than ${window} bytes in ${windowMs} ms`
    bodyOf(exchange).transform(new Metered(take, () => over(exchange, detail)), bodyOf(exchange).length)
  }
  if (config.kind === 'per_request')
    return {
      [phase](exchange: Exchange): Refusal | undefined {
        const plan = plans(exchange)
        if (plan === null || plan.window === 0) return over(exchange, 'no bytes are allowed')
        const allowance = new Allowance(plan)
        if (config.fail || shadowed) metered(exchange, plan, bytes => allowance.take(bytes))
        else bodyOf(exchange).pipe({ open: () => new Slowed(allowance) })
        return undefined
      },
    }
  const family = config.kind === 'per_node' ? 'node' : 'custom-throttling'
  const group = template(config.group_expr)
  // Windows of another length are others, or each would begin those of the other anew.
  const tallyOf = (exchange: Exchange, { windowMs }: Plan): Tally =>
    counting.tally(family, group(exchange), `${name}-${windowMs}`)
  return {
    access(exchange) {
      const plan = plans(exchange)
      if (plan === null) return over(exchange)
      const limit: Limit = {
        counting,
        plan,
        mode: LOOK,
        scope: 'bandwidth',
        unit: 'content-bytes',
        shadow: config.shadow,
        refusal: () => refuse('limit.bandwidth'),
      }
      return countCall(exchange, tallyOf(exchange, plan), limit)
    },
    [phase](exchange: Exchange): Refusal | undefined {
      const plan = plans(exchange)
      if (plan === null) return over(exchange)
      const tally = tallyOf(exchange, plan)
      metered(exchange, plan, bytes => counting.stepNow(tally, plan, NOTE, bytes) === PASS)
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

/** Ends the body as soon as it is too fast, unless that is only told of. */
class Metered implements BodyTransform {
  readonly #take: (bytes: number) => boolean
  readonly #over: () => Refusal | undefined

  constructor(take: (bytes: number) => boolean, over: () => Refusal | undefined) {
    this.#take = take
    this.#over = over
  }

  push(chunk: Buffer): Buffer {
    if (this.#take(chunk.length)) return chunk
    const refusal = this.#over()
    if (refusal !== undefined) throw new BodyFault(refusal)
    return chunk
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
