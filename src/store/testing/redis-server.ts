/** Redis servers for tests: on a free port, in a directory of their own, gone with the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../../scripts/packages.js'
import { holdStill, letGoOn } from './stand-still.ts'

export const redisProgram: string | null = findProgram('redis-server')
export const sentinelProgram: string | null = findProgram('redis-sentinel')
export const redisMissing: string | false = redisProgram === null && 'redis-server is not installed'

export interface ServerOptions {
  /** Lines of its configuration file, beside directory and port. */
  readonly config?: readonly string[]
  readonly port?: number
  /** Its connections are TLS; a plain port is not opened. */
  readonly tls?: boolean
  /** `redis-sentinel` in place of `redis-server`. */
  readonly sentinel?: boolean
}

export class TestServer {
  readonly port: number
  readonly directory: string
  readonly #sentinel: boolean
  #child: ChildProcess | null = null
  output = ''

  constructor(port: number, directory: string, sentinel: boolean) {
    this.port = port
    this.directory = directory
    this.#sentinel = sentinel
  }

  /** Starts the process (again) and waits until it takes connections. */
  async start(): Promise<void> {
    const program = this.#sentinel ? sentinelProgram : redisProgram
    const child = spawn(program!, [join(this.directory, 'server.conf')], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.on('data', chunk => (this.output += chunk))
    child.stderr.on('data', chunk => (this.output += chunk))
    const until = Date.now() + 60_000
    while (!(await listens(this.port))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`Redis did not start: ${this.output}`)
      await sleep(10)
    }
  }

  /** Holds it where it is: it answers nothing more until it is let go on. */
  async holdStill(): Promise<void> {
    await holdStill([this.#child!.pid!])
  }

  letGoOn(): void {
    letGoOn([this.#child!.pid!])
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const port = options.port ?? (await freePort())
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-redis-'))
  const lines = [
    `dir ${directory}`,
    'bind 127.0.0.1',
    'daemonize no',
    ...(options.sentinel ? [] : ['save ""']),
    ...(options.tls ? ['port 0', `tls-port ${port}`] : [`port ${port}`]),
    ...(options.config ?? []),
  ]
  writeFileSync(join(directory, 'server.conf'), `${lines.join('\n')}\n`)
  const server = new TestServer(port, directory, options.sentinel ?? false)
  try {
    await server.start()
  } catch (error) {
    await server.remove()
    throw error
  }
  return server
}

/** A certificate for 127.0.0.1 and the authority that signed it (PEM files in `directory`), or null without openssl. */
export function makeCertificates(directory: string): { ca: string; cert: string; key: string } | null {
  const openssl = findProgram('openssl')
  if (openssl === null) return null
  const path = (name: string) => join(directory, name)
  const run = (...args: string[]) => execFileSync(openssl, args, { stdio: 'ignore', cwd: directory })
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-sha256']
  run(
    'req',
    '-x509',
    ...fresh,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  )
  run('req', ...fresh, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr')
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  run('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.crt')
  return { ca: path('ca.crt'), cert: path('server.crt'), key: path('server.key') }
}

/** A port nobody listens on at the moment, low enough that the one of a cluster's bus (10 000 higher) exists. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    if (port < 55_000) return port
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
