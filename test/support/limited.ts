/** A gateway, a backend and calls for tests of limits. */
import assert from 'node:assert/strict'
import { type Backend, startBackend } from './backend.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { call, type Got } from './http.ts'

export const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
/** Windows no test sees the end of. */
export const limitsEnv = {
  OTOROSHI_THROTTLING_WINDOW: '86400',
  OTOROSHI_LIMITS_STORE_EVERY: '50',
  OTOROSHI_LIMITS_RATE_LIMIT_FIELDS: 'true',
}

/** A slot of a plugin. */
export const quota = (name: string, config: object = {}) => ({
  plugin: `cp:otoroshi.next.plugins.${name}`,
  config,
})
/** Credentials of a key whose secret is `s`. */
export const basic = (id: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:s`).toString('base64')}` })

/** Status, and the reason when the gateway refused. */
export function outcomeOf({ status, headers }: Got): string {
  const reason = headers['otoroshi-error-reason']
  return reason === undefined ? String(status) : `${status} ${reason}`
}

/** Outcomes of calls one after another. */
export async function inTurn(count: number, one: () => Promise<Got>): Promise<string[]> {
  const list: string[] = []
  for (let i = 0; i < count; i++) list.push(outcomeOf(await one()))
  return list
}

/** How often each outcome was seen. */
export async function counted(all: readonly Promise<Got>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const got of await Promise.all(all)) counts[outcomeOf(got)] = (counts[outcomeOf(got)] ?? 0) + 1
  return counts
}

export class LimitedGateway {
  gateway!: TestGateway
  backend!: Backend

  /** With the route `keyed`, which wants a key and says what is left to it. `env`: further settings. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.gateway = await startGateway({ threads: 2, env: { ...limitsEnv, ...env } })
    this.backend = await startBackend()
    await this.add('keyed', [quota('ApikeyCalls'), quota('SendOtoroshiHeadersBack')])
  }

  async stop(): Promise<void> {
    await this.gateway.stop()
    await this.backend.close()
  }

  route(id: string, plugins: readonly object[], more: object = {}): Record<string, unknown> {
    return {
      id,
      name: id,
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: this.backend.port }] },
      plugins,
      ...more,
    }
  }

  add(id: string, plugins: readonly object[], more: object = {}): Promise<void> {
    return this.gateway.route(this.route(id, plugins, more))
  }

  /** A key that may call `keyed` and `looked` unless it says otherwise. */
  async addKey(clientId: string, more: object): Promise<void> {
    const authorizedEntities = ['route_keyed', 'route_looked']
    const key = { clientId, clientSecret: 's', clientName: clientId, authorizedEntities, ...more }
    const answer = await this.gateway.admin('POST', KEYS, key)
    assert.equal(answer.status, 201, answer.text)
  }

  /** Changes the global configuration. */
  async setGlobal(values: object): Promise<void> {
    const patch = Object.entries(values).map(([key, value]) => ({ op: 'replace', path: `/${key}`, value }))
    const answer = await this.gateway.admin('PATCH', '/api/globalconfig', patch)
    assert.equal(answer.status, 200, answer.text)
  }

  get(id: string, headers: Record<string, string> = {}): Promise<Got> {
    return call(this.gateway.port, `http://${id}.test/`, { headers })
  }
}
