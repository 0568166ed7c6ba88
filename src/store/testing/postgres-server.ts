/** A PostgreSQL of its own for tests: a fresh directory, a free port, passwords by SCRAM, keys in no byte order, TLS on demand. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { findProgram } from '../../../scripts/packages.js'
import type { PostgresTarget } from '../postgres/target.ts'

/** For the `skip` of tests: false, or what is missing. */
export const postgresMissing: false | string =
  findProgram('postgres') === null || findProgram('initdb') === null ? 'postgres is not installed' : false

const password = "pass 'word' \\ é"

export interface TestPostgresOptions {
  /**
   * Files of the server's certificate and key. With them there are users of certain ways only: `certified` with a certificate
   * of this name, `secure` over TLS, `plain` without.
   */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

export class TestPostgres {
  readonly port: number
  readonly #directory: string
  #process: ChildProcess | null = null

  private constructor(directory: string, port: number) {
    this.#directory = directory
    this.port = port
  }

  static async start(options: TestPostgresOptions = {}): Promise<TestPostgres> {
    const directory = mkdtempSync(join(tmpdir(), 'otoroshi-postgres-'))
    const server = new TestPostgres(directory, await freePort())
    server.#initialize(options)
    await server.resume()
    return server
  }

  /** Settings that reach it. */
  target(changes: Partial<PostgresTarget> = {}): PostgresTarget {
    return {
      host: '127.0.0.1',
      port: this.port,
      database: 'postgres',
      user: 'otoroshi',
      password,
      tls: null,
      schema: 'otoroshi',
      table: 'entities',
      poolSize: 20,
      connectTimeout: 3000,
      queryTimeout: 5000,
      sweepEvery: 5000,
      sweepAfter: 2000,
      ...changes,
    }
  }

  /** The directory of its socket and of its files. */
  get directory(): string {
    return this.#directory
  }

  /** As a URI for the settings of a gateway. */
  get uri(): string {
    return `postgresql://otoroshi:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres`
  }

  /** Statements of somebody else; answers the rows of the last one. */
  async sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
    const { host, port, database, user } = this.target()
    const client = new Client({ host, port, database, user, password })
    await client.connect()
    try {
      return (await client.query(text, values)).rows
    } finally {
      await client.end()
    }
  }

  /** Starts the server again, with its data. Resolves when it answers. */
  async resume(): Promise<void> {
    const started = asServer(findProgram('postgres')!, [
      '-D',
      join(this.#directory, 'data'),
      '-p',
      String(this.port),
    ])
    let output = ''
    started.stderr!.on('data', chunk => (output += chunk))
    this.#process = started
    const until = Date.now() + 30_000
    for (;;) {
      try {
        await this.sql('SELECT 1')
        return
      } catch (error) {
        if (started.exitCode !== null || Date.now() > until)
          throw new Error(`postgres did not start: ${output}`, { cause: error })
        await sleep(20)
      }
    }
  }

  /** Ends it as a crash of the machine would: connections break, nothing is written down. */
  async halt(): Promise<void> {
    const running = this.#process
    if (running === null || running.exitCode !== null) return
    const ended = new Promise(resolve => running.once('exit', resolve))
    running.kill('SIGQUIT')
    await ended
    this.#process = null
  }

  /** Process numbers of its connections, the own one left out, and of the server itself. */
  async pids(): Promise<readonly number[]> {
    const rows = await this.sql(
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    return [this.#process!.pid!, ...rows.map(row => Number(row['pid']))]
  }

  async stop(): Promise<void> {
    await this.halt()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #initialize({ tls }: TestPostgresOptions): void {
    const data = join(this.#directory, 'data')
    const secret = join(this.#directory, 'password')
    writeFileSync(secret, password)
    own(this.#directory, 0o700)
    own(secret, 0o600)
    const locale = ['--locale-provider=icu', '--icu-locale=en-US', '--locale=C.UTF-8']
    const common = ['-D', data, '-U', 'otoroshi', '-E', 'UTF8', `--pwfile=${secret}`, '-N']
    const run = (args: readonly string[]) =>
      runAsServer(findProgram('initdb')!, [...common, '--auth=scram-sha-256', ...args])
    try {
      run(locale)
    } catch {
      // Before version 15.
      rmSync(data, { recursive: true, force: true })
      run(['--locale=C.UTF-8'])
    }
    const lines = [
      "listen_addresses = '127.0.0.1,127.0.0.2'",
      `unix_socket_directories = '${this.#directory}'`,
      'fsync = off',
      'max_connections = 200',
      "timezone = 'America/New_York'",
    ]
    if (tls !== undefined) {
      lines.push('ssl = on')
      for (const [name, file, setting] of [
        ['server.crt', tls.cert, 'ssl_cert_file'],
        ['server.key', tls.key, 'ssl_key_file'],
        ['ca.crt', tls.ca, 'ssl_ca_file'],
      ] as const) {
        copyFileSync(file, join(data, name))
        own(join(data, name), 0o600)
        lines.push(`${setting} = '${name}'`)
      }
    }
    writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
    const rules = [
      'hostssl all certified 127.0.0.0/8 cert',
      'hostnossl all secure 127.0.0.0/8 reject',
      'hostssl all plain 127.0.0.0/8 reject',
      'local all all scram-sha-256',
      'host all all 127.0.0.0/8 scram-sha-256',
    ]
    writeFileSync(join(data, 'pg_hba.conf'), `${rules.slice(tls === undefined ? 3 : 0).join('\n')}\n`)
  }
}

const root = process.getuid?.() === 0
const servers = root ? userOf('postgres') : null

/** PostgreSQL refuses to run as root: then it is the user `postgres`. */
function asServer(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { ...servers, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
}

function runAsServer(program: string, args: readonly string[]): void {
  execFileSync(program, args, { ...servers, stdio: 'pipe', cwd: '/' })
}

function own(file: string, mode: number): void {
  chmodSync(file, mode)
  if (servers !== null) chownSync(file, servers.uid, servers.gid)
}

function userOf(name: string): { uid: number; gid: number } | null {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return null
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
