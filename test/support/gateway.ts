/** A gateway as a user runs it: its own process, a data directory of its own, any free ports. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface GatewayOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly dataDir?: string
  readonly threads?: number
  /** Path of the Node that runs it; that of the test unless given. */
  readonly node?: string
  /** Milliseconds to wait for it to be ready; default 20 000. */
  readonly patience?: number
}

export interface AdminAnswer {
  readonly status: number
  readonly headers: Headers
  // Whatever the admin API answered: tests look into it.
  readonly json: ReturnType<typeof JSON.parse>
  readonly text: string
}

export class TestGateway {
  readonly child: ChildProcess
  readonly port: number
  readonly dataDir: string
  readonly #ownsData: boolean
  readonly #output: () => string

  constructor(child: ChildProcess, port: number, dataDir: string, ownsData: boolean, output: () => string) {
    this.child = child
    this.port = port
    this.dataDir = dataDir
    this.#ownsData = ownsData
    this.#output = output
  }

  get output(): string {
    return this.#output()
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Calls the admin API with the first key. */
  async admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<AdminAnswer> {
    const { request } = await import('node:http')
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          headers: {
            Host: 'otoroshi-api.oto.tools',
            Accept: 'application/json',
            Authorization: `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`,
            ...(text !== undefined && {
              'Content-Type': 'application/json',
              'Content-Length': Buffer.byteLength(text),
            }),
            ...headers,
          },
        },
        response => {
          let content = ''
          response.setEncoding('utf8')
          response.on('data', chunk => (content += chunk))
          response.on('end', () => {
            let json: unknown
            try {
              json = JSON.parse(content)
            } catch {
              json = undefined
            }
            resolve({
              status: response.statusCode!,
              headers: new Headers(response.headers as Record<string, string>),
              json,
              text: content,
            })
          })
          response.on('error', reject)
        },
      )
      call.on('error', reject)
      call.end(text)
    })
  }

  /** Creates a route; throws unless the admin API answered 201. */
  async route(route: Record<string, unknown>): Promise<void> {
    const answer = await this.admin('POST', '/apis/proxy.otoroshi.io/v1/routes', route)
    if (answer.status !== 201) throw new Error(`the route was not created: ${answer.status} ${answer.text}`)
  }

  /** Ends it and keeps its data, for another start. */
  async stopKeeping(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Ends it with SIGTERM; answers the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = await this.#end(signal)
    if (this.#ownsData) rmSync(this.dataDir, { recursive: true, force: true })
    return code
  }

  #end(signal: NodeJS.Signals): Promise<number | null> {
    return new Promise(resolve => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return resolve(this.child.exitCode)
      this.child.once('exit', exit => resolve(exit))
      this.child.kill(signal)
    })
  }
}

/** Starts a gateway and waits until it is ready. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'otoroshi-'))
  const child = launch({ ...options, dataDir })
  let output = ''
  child.stdout!.on('data', chunk => (output += chunk))
  child.stderr!.on('data', chunk => (output += chunk))
  const until = Date.now() + (options.patience ?? 20_000)
  for (;;) {
    const ready = /http +http:\/\/\S+?:(\d+)/.exec(output)
    if (ready !== null && output.includes('ready in')) {
      return new TestGateway(child, Number(ready[1]), dataDir, options.dataDir === undefined, () => output)
    }
    const { exitCode, signalCode } = child
    if (exitCode !== null || signalCode !== null || Date.now() > until) {
      child.kill('SIGKILL')
      const end = exitCode ?? signalCode ?? 'it was too slow'
      throw new Error(`the gateway did not get ready (${end}): ${output}`)
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The bare process, for tests of how it starts and ends. */
export function launch(options: GatewayOptions & { readonly dataDir: string }): ChildProcess {
  return spawn(
    options.node ?? process.execPath,
    [join(root, 'bin/otoroshi'), 'start', ...(options.args ?? [])],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '/',
        OTOROSHI_PORT: '0',
        OTOROSHI_HTTPS_PORT: '0',
        OTOROSHI_THREADS: String(options.threads ?? 2),
        OTOROSHI_DATA_DIR: options.dataDir,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}
