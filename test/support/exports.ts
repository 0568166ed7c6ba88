/** Exports and imports of gateways, for tests. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminAnswer, type GatewayOptions, startGateway, type TestGateway } from './gateway.ts'
import { call } from './http.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into exports of every shape
export type Json = any

const fixture = join(import.meta.dirname, '../../src/control/transfer/testdata/upstream-export.json')

/** An export as the original writes it. */
export const original = (): Json => JSON.parse(readFileSync(fixture, 'utf8'))

/** What an export says of the gateway: everything but the moment it was made. */
export async function exported(gateway: TestGateway): Promise<Json> {
  const { status, json, text } = await gateway.admin('GET', '/api/otoroshi.json')
  assert.equal(status, 200, text)
  const { dateRaw: _, date: __, ...content } = json
  return content
}

/** The raw export, its lines in order. */
export async function exportedLines(gateway: TestGateway): Promise<string[]> {
  const lines = { Accept: 'application/x-ndjson' }
  const { status, headers, text } = await gateway.admin('GET', '/api/otoroshi.json', undefined, lines)
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'application/x-ndjson')
  // The calls of the admin API's own key go on being counted while exports are compared.
  return text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('{"k":"otoroshi:apikey:quotas:'))
    .sort()
}

export function imports(gateway: TestGateway, content: unknown, query = ''): Promise<AdminAnswer> {
  return gateway.admin('POST', `/api/otoroshi.json${query}`, content)
}

/** Creates an entity of a kind (`group/version/plural`). */
export async function created(gateway: TestGateway, kind: string, entity: unknown): Promise<void> {
  const answer = await gateway.admin('POST', `/apis/${kind}`, entity)
  assert.equal(answer.status, 201, answer.text)
}

/** A route with the host `<id>.test`. */
export function routeTo(
  port: number,
  id: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port }] },
    ...more,
  }
}

/** The route answers what the backend of these tests answers. */
export async function serves(gateway: TestGateway, id: string): Promise<void> {
  const got = await call(gateway.port, `http://${id}.test/`)
  assert.deepEqual([got.status, got.body], [200, 'served'], JSON.stringify(got.headers))
}

/** A gateway for one test. */
export async function using(
  work: (gateway: TestGateway) => Promise<void>,
  options: GatewayOptions = {},
): Promise<void> {
  const gateway = await startGateway({ threads: 1, ...options })
  try {
    await work(gateway)
  } finally {
    await gateway.stop()
  }
}

/** A folder for files of a test. */
export class Files {
  readonly path = mkdtempSync(join(tmpdir(), 'otoroshi-export-'))

  /** Writes a file, anything but text as JSON; answers its path. */
  write(name: string, content: unknown): string {
    const path = join(this.path, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }
}
