/** An admin API on a real listener, for tests. */
import { createHash } from 'node:crypto'
import { ControlPlane } from '../../control/control-plane.ts'
import { RecordingAudience } from '../../control/testing/audience.ts'
import { DEFAULT_LIMITS } from '../../http/limits.ts'
import { HttpServer } from '../../http/server.ts'
import { findByName } from '../../model/registry.ts'
import type { Store } from '../../store/contract.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { adminApi } from '../admin-api.ts'
import type { AdminApiServices } from '../services.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON, null when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly json: any
}

/** What looks like a bcrypt hash and costs nothing. */
export function fakeHash(password: string): string {
  return `$2b$10$${createHash('sha512').update(password).digest('base64').replace(/\W/g, '.').slice(0, 53)}`
}

export class TestServer {
  readonly control: ControlPlane
  readonly audience: RecordingAudience
  readonly failures: unknown[]
  readonly port: number
  readonly #server: HttpServer

  private constructor(
    control: ControlPlane,
    audience: RecordingAudience,
    failures: unknown[],
    server: HttpServer,
    port: number,
  ) {
    this.control = control
    this.audience = audience
    this.failures = failures
    this.#server = server
    this.port = port
  }

  static async start(
    services: Partial<AdminApiServices> = {},
    store: Store = createMemoryStore(),
  ): Promise<TestServer> {
    const failures: unknown[] = []
    const audience = new RecordingAudience()
    const settings = findByName('GlobalConfig')!
    const control = await ControlPlane.start({
      store,
      turn: 60_000,
      history: { versions: 100, maxAge: 0 },
      initial: () => [{ definition: settings, entity: {} }],
      onFailure: error => failures.push(error),
    })
    control.connect(audience)
    const handler = adminApi({
      control,
      token: { header: 'X-Gateway', value: 'secret' },
      version: '18.0.0-dev',
      explain: async request => ({ explained: request }),
      threads: () => [{ id: 1, revision: control.revision }],
      ledger: () => ({ produced: 3, delivered: 2, dropped: 0, pending: 1 }),
      snowMonkey: { outages: [], reset() {} },
      plugins: async () => [
        {
          id: 'cp:a',
          name: 'A',
          description: '',
          plugin_categories: ['Headers'],
          plugin_steps: ['PreRoute'],
          plugin_tags: [],
        },
      ],
      hashPassword: async password => fakeHash(password),
      passwordMatches: async (password, hash) => fakeHash(password) === hash,
      onFailure: error => failures.push(error),
      ...services,
    })
    const server = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: 'admin',
      limits: DEFAULT_LIMITS,
      handler,
    })
    return new TestServer(control, audience, failures, server, await server.listen())
  }

  /** Calls the API; an object as body is sent as JSON. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: {
        'X-Gateway': 'secret',
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(text !== undefined && { body: text }),
    })
    const received = await response.text()
    return { status: response.status, headers: response.headers, text: received, json: jsonOf(received) }
  }

  async stop(): Promise<void> {
    await this.#server.drain(0)
    await this.control.close()
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
