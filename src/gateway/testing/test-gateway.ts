/** A gateway in the test's own process: real sockets on both sides, plugins given by the test. */
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { DEFAULT_LIMITS, Http2Server, HttpServer } from '../../http/index.ts'
import { SharedCells } from '../../limits/cells.ts'
import { countingAlone } from '../../limits/counting.ts'
import type { ApikeyView } from '../../identity/apikey.ts'
import type { Refusal } from '../../plugin/answer.ts'
import type { HeaderNameKey, PluginDefinition } from '../../plugin/contract.ts'
import { fakeBoard, instanceServices, jwtServices, outgoingCalls } from '../../plugin/testing.ts'
import { fakeLogins } from '../../plugin/testing/fake-logins.ts'
import type { Delta, EntityFault } from '../../revision/delta.ts'
import { Pools } from '../backends/pools.ts'
import { Gateway } from '../gateway.ts'
import type { Run } from '../pipeline/run.ts'
import { snowflakes } from '../pipeline/snowflake.ts'
import { compileTemplate } from '../pipeline/template.ts'
import { type RequestSizes, sizeCheck } from '../request-sizes.ts'

export const headerNames: Readonly<Record<HeaderNameKey, string>> = {
  requestId: 'Otoroshi-Request-Id',
  requestTimestamp: 'Otoroshi-Request-Timestamp',
  proxiedHost: 'Otoroshi-Proxied-Host',
  parentRequest: 'Otoroshi-Parent-Request',
  vizFrom: 'Otoroshi-Viz-From',
  vizFromLabel: 'Otoroshi-Viz-From-Label',
  clientId: 'Otoroshi-Client-Id',
  clientSecret: 'Otoroshi-Client-Secret',
  simpleApiClientId: 'x-api-key',
  authorization: 'Otoroshi-Authorization',
  bearer: 'Otoroshi-Token',
  error: 'Otoroshi-Error',
  errorMessage: 'Otoroshi-Error-Msg',
  errorCause: 'Otoroshi-Error-Cause',
  proxyLatency: 'Otoroshi-Proxy-Latency',
  upstreamLatency: 'Otoroshi-Upstream-Latency',
  dailyQuotas: 'Otoroshi-Daily-Calls-Remaining',
  monthlyQuotas: 'Otoroshi-Monthly-Calls-Remaining',
  state: 'Otoroshi-State',
  stateResponse: 'Otoroshi-State-Resp',
  claim: 'Otoroshi-Claim',
}

export interface TestAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface TestGatewayOptions {
  readonly plugins?: readonly PluginDefinition<never>[]
  /** Plugins whose files do not load: id → message. */
  readonly broken?: Readonly<Record<string, string>>
  /** Plugins switched off. */
  readonly blacklisted?: readonly string[]
  readonly maintenance?: boolean
  readonly limits?: Partial<typeof DEFAULT_LIMITS>
  /** Somebody takes flow reports of routes with `export_reporting`. */
  readonly exported?: boolean
  /** Every request names a registered try-it id. */
  readonly wanted?: boolean
  /** Settings `otoroshi.requests`. */
  readonly sizes?: RequestSizes
}

export class TestGateway {
  readonly gateway: Gateway
  readonly pools: Pools
  readonly finished: Run[] = []
  /** Why requests without a route were refused. */
  readonly refused: Refusal[] = []
  readonly flows: unknown[] = []
  readonly logs: string[] = []
  port = 0
  inFlight = 0
  readonly #server: HttpServer
  #revision = 0

  constructor(options: TestGatewayOptions) {
    const plugins = new Map((options.plugins ?? []).map(plugin => [plugin.id, plugin as PluginDefinition]))
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.pools = new Pools(
      { maxConnections: 256, maxIdle: 64, idleTimeout: 30_000, maxQueue: 256, http: limits },
      50,
    )
    const keyPairs = { find: () => null, signingKey: () => null }
    const calls = outgoingCalls(() => ({ status: 404 }))
    const scope = { id: 'standard-listener', standard: true, exclusive: false }
    this.gateway = new Gateway({
      thread: {
        plugins: {
          find: id => {
            const broken = options.broken?.[id]
            if (broken !== undefined) throw new Error(broken)
            return plugins.get(id) ?? null
          },
        },
        pools: this.pools,
        balancing: { cells: new SharedCells(), random: Math.random, onBreaker: () => {} },
        here: { provider: '', region: '', zone: '', dc: '', rack: '' },
        headerNames,
        blacklisted: new Set(options.blacklisted),
        legacyChecks: true,
        hiddenCookies: null,
        apikeys: { find: (): ApikeyView | null => null },
        logins: fakeLogins(),
        keyPairs,
        calls,
        jwt: jwtServices({ keyPairs, calls }),
        cache: null,
        board: fakeBoard(),
        outages: { faultsFor: () => null },
        instance: instanceServices,
        template: compileTemplate,
        alert: () => {},
        event: () => {},
        counting: countingAlone(),
        bodyLimit: 4_194_304,
        log: (_level, message) => this.logs.push(message),
        privateRoute: null,
      },
      ids: snowflakes(0, 0, 1),
      observer: {
        began: () => ++this.inFlight,
        ended: () => this.inFlight--,
        finished: run => this.finished.push(run),
        refused: (_request, refusal) => this.refused.push(refusal),
      },
      flows: {
        wants: () => options.wanted ?? false,
        exported: options.exported ?? false,
        report: report => this.flows.push(report),
      },
      ownPaths: () => null,
      listeners: () => scope,
      tooBig: sizeCheck(options.sizes ?? null, limits),
      maintenance: options.maintenance ?? false,
      adminRoute: 'admin-api-service',
    })
    this.#server = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: scope.id,
      limits,
      handler: this.gateway.handle,
      http2: new Http2Server({ limits, handler: this.gateway.handle }),
    })
  }

  async listen(): Promise<void> {
    this.port = await this.#server.listen()
  }

  /** Writes entities, as one revision. */
  write(
    ...entities: readonly (readonly [kind: string, entity: Record<string, unknown>])[]
  ): Promise<readonly EntityFault[]> {
    return this.apply({
      full: false,
      writes: entities.map(([kind, entity]) => ({
        kind,
        id: kind === 'GlobalConfig' ? 'global' : String(entity['id'] ?? entity['serviceId']),
        json: JSON.stringify(entity),
      })),
      removals: [],
    })
  }

  remove(kind: string, id: string): Promise<readonly EntityFault[]> {
    return this.apply({ full: false, writes: [], removals: [{ kind, id }] })
  }

  apply(delta: Omit<Delta, 'revision'>): Promise<readonly EntityFault[]> {
    return this.gateway.revision.apply({ ...delta, revision: ++this.#revision })
  }

  /** Calls the gateway; `url` gives host and path. */
  call(
    url: string,
    options: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
  ): Promise<TestAnswer> {
    const { host, pathname, search } = new URL(url)
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: this.port,
          method: options.method ?? 'GET',
          path: pathname + search,
          headers: { Host: host, Accept: 'application/json', ...options.headers },
          agent: false,
        },
        response => {
          const chunks: Buffer[] = []
          response.on('data', chunk => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          )
        },
      )
      request.on('error', reject)
      request.end(options.body)
    })
  }

  async close(): Promise<void> {
    await this.#server.drain(50)
    this.pools.destroy()
  }
}

/** A listening gateway without routes. */
export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = new TestGateway(options)
  await gateway.listen()
  return gateway
}

/** A route to `127.0.0.1:port` as JSON, with anything replaced. */
export function testRoute(
  id: string,
  domain: string,
  port: number,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id,
    name: id,
    frontend: { domains: [domain] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port, tls: false }] },
    plugins: [],
    ...more,
  }
}
