/** Runs one plugin over one request, phase by phase, as the gateway would. */
import { answerBody } from '../../gateway/pipeline/answer-body.ts'
import { GatewayExchange, UpstreamRequest, UpstreamResponse } from '../../gateway/pipeline/exchange.ts'
import { BodyTooLarge, type MessageBody } from '../../gateway/pipeline/message-body.ts'
import { renderRefusal } from '../../gateway/errors/render.ts'
import { HeaderBlock, reasonPhrase } from '../../http/index.ts'
import type { ApikeyView } from '../../identity/apikey.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import { type Answer, type Refusal, refuse } from '../answer.ts'
import type { Attributes } from '../attributes.ts'
import { BodyFault } from '../body-fault.ts'
import type {
  Destination,
  Exchange,
  Phase,
  PluginDefinition,
  PluginInstance,
  PluginServices,
  RouteView,
  TargetView,
  Verdict,
} from '../contract.ts'
import {
  type BodyInput,
  bodyOf,
  clientRequest,
  collect,
  defaultTarget,
  type Fields,
  headerBlock,
  type RequestInput,
  routeView,
  type SentBody,
} from './fake-exchange.ts'
import { headerNames, type LoggedLine, pluginServices, removedIn } from './fake-services.ts'

/** What the backend answers. */
export interface BackendAnswer {
  readonly status?: number
  readonly headers?: Fields
  readonly body?: BodyInput
  readonly chunked?: boolean
}

/** What the backend got. */
export interface BackendCall extends SentBody {
  readonly method: string
  readonly path: string
  readonly headers: HeaderBlock
}

export interface PluginRunInput {
  /** Settings as somebody would write them; `{}` unless given. */
  readonly config?: unknown
  readonly request?: RequestInput
  /** The answer of the backend, or what makes it from the call; an empty 200 unless given. */
  readonly backend?: BackendAnswer | ((call: BackendCall) => BackendAnswer)
  readonly route?: Partial<RouteView>
  /** Path consumed by the frontend; empty unless given. */
  readonly matchedPath?: string
  /** Path and query on the backend; that of the request unless given. */
  readonly upstreamPath?: string
  readonly target?: TargetView | null
  readonly apikeys?: readonly ApikeyView[]
  readonly services?: Partial<PluginServices>
  /** Called before the first phase, to leave attributes as an earlier plugin would. */
  readonly before?: (exchange: Exchange) => void
}

/** What came of it. */
export interface PluginRun {
  readonly status: number
  /** Header fields the client got. */
  readonly headers: HeaderBlock
  readonly body: Buffer
  readonly text: string
  /** The answer ended with this error before it was complete. */
  readonly cut: Error | null
  /** Length declared to the client; -1 for none. */
  readonly length: number
  /** Set when the plugin refused the request, or failed. */
  readonly refusal: Refusal | null
  /** What the backend got; null when it was not called. */
  readonly backend: BackendCall | null
  /** Where the plugin sent the request instead of the backend. */
  readonly destination: Destination | null
  readonly attributes: Attributes
  readonly log: readonly LoggedLine[]
}

/** Runs `definition` over one request. Rejects when the settings are invalid or `setup` throws. */
export async function runPlugin<C>(
  definition: PluginDefinition<C>,
  input: PluginRunInput = {},
): Promise<PluginRun> {
  const log: LoggedLine[] = []
  const route = routeView(input.route)
  const services = pluginServices(route, input.apikeys ?? [], log, input.services)
  const parsed = parse(definition.config, input.config ?? {})
  if (parsed.ok) await definition.prepare?.(parsed.value)
  const instance = setUp(definition, input.config, services)
  const request = clientRequest(input.request ?? {}, services.trustForwarded)
  const exchange = new GatewayExchange(request, route, input.matchedPath ?? '', performance.now(), () => '1')
  exchange.target = input.target === undefined ? defaultTarget : input.target
  input.before?.(exchange)
  const run = new Run(instance, exchange, input)
  const sent = await run.run()
  const { status, headers } = exchange.response
  instance.dispose?.()
  return {
    status,
    headers,
    ...sent,
    text: sent.body.toString(),
    refusal: run.refusal,
    backend: run.call,
    destination: exchange.destination,
    attributes: exchange.attributes,
    log,
  }
}

/** Reads settings and calls `setup`, as the compiler of routes does. */
export function setUp<C>(
  definition: PluginDefinition<C>,
  config: unknown,
  services: PluginServices = pluginServices(routeView(), [], []),
): PluginInstance {
  const parsed = parse(definition.config, config ?? {})
  if (!parsed.ok) throw new Error(`invalid config: ${describeFaults(parsed.faults)}`)
  return definition.setup(parsed.value, services)
}

class Run {
  readonly #instance: PluginInstance
  readonly #exchange: GatewayExchange
  readonly #input: PluginRunInput
  refusal: Refusal | null = null
  call: BackendCall | null = null

  constructor(instance: PluginInstance, exchange: GatewayExchange, input: PluginRunInput) {
    this.#instance = instance
    this.#exchange = exchange
    this.#input = input
  }

  async run(): Promise<SentBody> {
    const early = await this.#early()
    if (early !== undefined) await this.#stop(early, false)
    else {
      this.#prepare()
      const stopped = await this.#phase(this.#instance.request)
      const kept = stopped === undefined ? await this.#phase(this.#instance.lookup) : undefined
      if (stopped !== undefined) await this.#stop(stopped, false)
      else if (kept !== undefined) await this.#stop(kept, true)
      else await this.#callBackend()
    }
    const { response } = this.#exchange
    this.#exchange.answerFields?.applyTo(response.headers)
    const sent = await collect(response.body as MessageBody)
    await this.#instance.afterRequest?.(this.#exchange)
    return sent
  }

  async #early(): Promise<Answer | undefined> {
    const { beforeRequest, preRoute, access } = this.#instance
    return (await this.#phase(beforeRequest)) ?? (await this.#phase(preRoute)) ?? (await this.#phase(access))
  }

  async #respond(): Promise<Answer | undefined> {
    const { response, lateResponse } = this.#instance
    return (await this.#phase(response)) ?? (await this.#phase(lateResponse))
  }

  async #phase(phase: Phase | undefined): Promise<Answer | undefined> {
    if (phase === undefined) return undefined
    try {
      return ((await phase.call(this.#instance, this.#exchange)) as Verdict) ?? undefined
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      if (error instanceof BodyFault) return error.refusal
      return refuse(error instanceof BodyTooLarge ? 'body_too_large' : 'plugin.failed', { detail })
    }
  }

  #prepare(): void {
    const { request } = this.#exchange
    const headers = request.headers.clone()
    for (const name of removedIn) headers.delete(name)
    const { body, chunked } = this.#input.request ?? {}
    this.#exchange.upstreamRequest = new UpstreamRequest(
      request.method,
      this.#input.upstreamPath ?? request.target,
      headers,
      bodyOf(body, chunked ?? false),
    )
  }

  async #callBackend(): Promise<void> {
    const instead = await this.#phase(this.#instance.backend)
    if (instead !== undefined) {
      await this.#stop(instead, true)
      return
    }
    const { method, path, headers } = this.#exchange.upstream
    const body = this.#exchange.upstream.body as MessageBody
    this.#exchange.calledAt = performance.now()
    this.call = { method, path, headers, ...(await collect(body)) }
    const { backend } = this.#input
    const given = typeof backend === 'function' ? backend(this.call) : (backend ?? {})
    const status = given.status ?? 200
    this.#exchange.answeredAt = performance.now()
    const answered = headerBlock(given.headers)
    this.#exchange.backendHeaders = answered.clone()
    answered.delete(headerNames.stateResponse)
    this.#exchange.upstreamResponse = new UpstreamResponse(
      status,
      reasonPhrase(status),
      answered,
      bodyOf(given.body, given.chunked ?? false),
    )
    const taken = await this.#phase(this.#instance.answered)
    if (taken !== undefined) this.#take(taken)
    const stopped = await this.#respond()
    if (stopped !== undefined) await this.#stop(stopped, false)
  }

  /** `standsIn`: the answer is that of a backend, so response phases see it. */
  async #stop(stopped: Answer, standsIn: boolean): Promise<void> {
    this.#take(stopped)
    if (stopped.kind === 'refusal') {
      this.refusal = stopped
      const verdict = (await this.#instance.error?.(this.#exchange, stopped)) as Verdict
      if (verdict !== undefined) this.#take(verdict)
    }
    if (!standsIn || stopped.kind !== 'full') return
    const again = await this.#respond()
    if (again !== undefined) await this.#stop(again, false)
  }

  #take(verdict: Answer): void {
    const { status, headers, body } = verdict.kind === 'full' ? verdict : this.#render(verdict)
    this.#exchange.upstreamResponse = new UpstreamResponse(
      status,
      reasonPhrase(status),
      HeaderBlock.from(headers),
      answerBody(body, false, () => {}),
    )
  }

  #render(refusal: Refusal): ReturnType<typeof renderRefusal> {
    const { headers } = this.#exchange.request
    return renderRefusal(refusal, {
      accept: headers.get('accept') ?? 'application/json',
      state: headers.get(headerNames.state.toLowerCase()),
      errorId: this.#exchange.id,
      template: null,
      headerNames,
    })
  }
}
