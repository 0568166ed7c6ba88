/**
 * Runs the public tests of HTTP caches (http-cache-tests) against a route: its server is the backend, its client asks through
 * the gateway. Knows the package of the registry and a checkout of the repository, which have their files in other places.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort } from './free-port.ts'

/** The package of the registry. */
export const packaged = join(import.meta.dirname, '../../node_modules/http-cache-tests')

type Kind = 'required' | 'optimal' | 'check'

interface CacheTest {
  readonly id: string
  readonly kind?: Kind
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
}

interface Suite {
  readonly tests: readonly CacheTest[]
}

/** True, or the kind of failure and what it says. */
type Result = true | readonly [kind: string, message: string]

export interface Tally {
  readonly passed: number
  readonly of: number
  /** Id of a test → what it says, or which test it depends on failed. */
  readonly failed: Readonly<Record<string, string>>
}

export interface CacheSuite {
  /** Port of its server. */
  readonly port: number
  /** Runs every test that is not about browsers. */
  run(baseUrl: string): Promise<Readonly<Record<Kind, Tally>>>
  close(): void
}

/** Starts the server of the suite in `folder`. Tests in `without` are not counted. */
export async function openCacheSuite(folder: string, without: readonly string[]): Promise<CacheSuite> {
  const engine = existsSync(join(folder, 'test-engine')) ? join(folder, 'test-engine') : folder
  const port = await freePort()
  const scratch = mkdtempSync(join(tmpdir(), 'http-cache-tests-'))
  const server = spawn(process.execPath, [join(engine, 'server/server.mjs')], {
    cwd: folder,
    env: {
      npm_config_protocol: 'http',
      npm_config_port: String(port),
      npm_config_pidfile: join(scratch, 'pid'),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await listening(server)
  return {
    port,
    run: async baseUrl => {
      const suites = (await load(join(folder, 'tests/index.mjs'))).default as readonly Suite[]
      const runner = await load(join(engine, 'client/runner.mjs'))
      // The older one is told which fetch to use.
      await (engine === folder
        ? runner.runTests(suites, plainly, false, baseUrl)
        : runner.runTests(suites, false, baseUrl, 100))
      return tally(suites, runner.getResults(), without)
    },
    close: () => {
      server.kill()
      rmSync(scratch, { recursive: true })
    },
  }
}

/** A `fetch` that does not ask for `no-cache` of its own accord, as it does for requests without these two fields. */
function plainly(
  url: string,
  init: { readonly headers?: readonly [string, string][] } = {},
): Promise<Response> {
  const headers = [...(init.headers ?? [])]
  const idle: [string, string][] = [
    ['Pragma', 'foo'],
    ['Cache-Control', 'nothing-to-see-here'],
  ]
  for (const field of idle)
    if (!headers.some(([name]) => name.toLowerCase() === field[0].toLowerCase())) headers.push(field)
  return fetch(url, { ...init, headers })
}

// Scripts without types.
function load(file: string): Promise<ReturnType<typeof JSON.parse>> {
  return import(pathToFileURL(file).href)
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stdout!.on('data', chunk => {
      output += chunk
      if (output.includes('Listening on')) resolve()
    })
    server.once('exit', code => reject(new Error(`the server of the suite ended with ${code}`)))
  })
}

/** As the suite judges: a test passes when what it depends on passes too. */
function tally(
  suites: readonly Suite[],
  results: Readonly<Record<string, Result>>,
  without: readonly string[],
): Readonly<Record<Kind, Tally>> {
  const tests = suites.flatMap(suite => suite.tests).filter(test => test.browser_only !== true)
  const byId = new Map(tests.map(test => [test.id, test]))
  const faultOf = (test: CacheTest): string | null => {
    const result = results[test.id]
    if (result !== true) return result === undefined ? 'it was not run' : result.join(': ')
    const broken = (test.depends_on ?? []).find(id => byId.has(id) && faultOf(byId.get(id)!) !== null)
    return broken === undefined ? null : `depends on ${broken}`
  }
  const of = (kind: Kind): Tally => {
    const mine = tests.filter(test => (test.kind ?? 'required') === kind && !without.includes(test.id))
    const failed = mine.flatMap(test => {
      const fault = faultOf(test)
      return fault === null ? [] : [[test.id, fault] as const]
    })
    return { passed: mine.length - failed.length, of: mine.length, failed: Object.fromEntries(failed) }
  }
  return { required: of('required'), optimal: of('optimal'), check: of('check') }
}
