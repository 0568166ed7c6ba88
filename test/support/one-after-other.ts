/** Two gateways on one store, the second started when the first has written. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { type Backend, startBackend } from './backend.ts'
import { routeTo, serves } from './exports.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { call } from './http.ts'
import { until } from './wait.ts'

export const patience = 60_000

export interface OneAfterOther {
  start(env: Record<string, string>): Promise<TestGateway>
  /**
   * What one gateway writes another one serves, started with the one or with the other settings. Answers what both printed,
   * which never holds the password of the tests.
   */
  works(env: Record<string, string>, others?: Record<string, string>): Promise<string>
  readonly backend: Backend
}

/** For a file of tests. `always`: settings of every gateway. */
export function oneAfterOther(always: Record<string, string> = {}): OneAfterOther {
  let backend: Backend
  before(async () => {
    backend = await startBackend((_request, response) => void response.end('served'))
  })
  after(() => backend.close())
  const start = (env: Record<string, string>) =>
    startGateway({ threads: 1, patience, env: { ...always, ...env } })
  return {
    start,
    get backend() {
      return backend
    },
    async works(env, others = env) {
      const first = await start(env)
      try {
        await first.route(routeTo(backend.port, 'before'))
        const second = await start(others)
        try {
          assert.doesNotMatch(second.output, /with the password/, 'it is no first start')
          await serves(second, 'before')
          await second.route(routeTo(backend.port, 'after'))
          const told = async () => (await call(first.port, 'http://after.test/')).status === 200
          await until('the first one serves it', told, patience)
          assert.doesNotMatch(first.output + second.output, /hush/)
          return first.output + second.output
        } finally {
          await second.stop()
        }
      } finally {
        await first.stop()
      }
    },
  }
}
