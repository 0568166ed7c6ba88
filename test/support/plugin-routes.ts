/** Routes of one gateway, each with one plugin, and what becomes of faulty settings. */
import assert from 'node:assert/strict'
import type { TestGateway } from './gateway.ts'
import { call } from './http.ts'

/** Where a route leads. */
export interface Target {
  readonly port: number
}

/** A route `<id>.test` with the plugins, given as `[class, settings]`. */
export function pluginRoute(
  id: string,
  target: Target,
  plugins: readonly (readonly [name: string, config?: object | undefined])[],
  more: object = {},
): Record<string, unknown> {
  return {
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: target.port }] },
    plugins: plugins.map(([name, config]) => ({
      plugin: `cp:otoroshi.next.plugins.${name}`,
      config: config ?? {},
    })),
    ...more,
  }
}

/** Asserts that a route with these settings is closed, and that its status names the place of the fault. */
export async function closes(
  gateway: TestGateway,
  target: Target,
  name: string,
  config: object,
  place: RegExp,
) {
  const id = `closed-${name.toLowerCase()}-${closed++}`
  await gateway.route(pluginRoute(id, target, [[name, config]]))
  const got = await call(gateway.port, `http://${id}.test/`)
  assert.equal(got.status, 503, `${name} ${JSON.stringify(config)}`)
  assert.match(got.headers['otoroshi-error-reason'] as string, /^plugin\.(invalid_config|setup_failed)/)
  const { text } = await gateway.admin('GET', `/api/routes/${id}/_status`)
  assert.match(text, place, `${name} ${JSON.stringify(config)}`)
}

let closed = 0
