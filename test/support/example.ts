/** The use cases of examples/ as their readers start them, on free ports, and their pages typed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { type CallOptions, call, type Got } from './http.ts'
import { fencedBlocks } from './markdown.ts'
import { printsAs, ShellSession } from './shell-session.ts'

const root = join(import.meta.dirname, '../..')

export class Example {
  readonly port: number
  readonly appPort: number
  readonly output: string
  readonly #child: ChildProcess

  constructor(port: number, appPort: number, output: string, child: ChildProcess) {
    this.port = port
    this.appPort = appPort
    this.output = output
    this.#child = child
  }

  /** `http://<name>.geo.localhost` and what follows, with the port of the gateway. */
  url(name: string, path = '/'): string {
    return `http://${name}.geo.localhost:${this.port}${path}`
  }

  call(name: string, path: string, options: CallOptions = {}): Promise<Got> {
    return call(this.port, this.url(name, path), options)
  }

  get(name: string, path = '/', headers: OutgoingHttpHeaders = {}): Promise<Got> {
    return this.call(name, path, { headers })
  }

  /** What the application counted. */
  async calls(): Promise<{ pages: number; api: number; tiles: number; unchanged: number }> {
    const { json } = await call(this.appPort, `http://127.0.0.1:${this.appPort}/stats`)
    return json
  }

  /** Types the commands of the page of a use case and compares what they print with what the page says. */
  async typeReadme(folder: string): Promise<void> {
    const blocks = fencedBlocks(readFileSync(join(root, 'examples', folder, 'README.md'), 'utf8'))
    const shell = new ShellSession(root, process.env)
    let typed = 0
    try {
      for (const [i, { language, text }] of blocks.entries()) {
        if (language !== 'sh' || text.startsWith('node examples/start.js')) continue
        const printed = await shell.type(this.#moved(text))
        const { language: next, text: documented } = blocks[i + 1] ?? { language: '', text: '' }
        assert.equal(next, 'text', `${folder}: no answer stands below\n${text}`)
        assert.ok(
          printsAs(printed, this.#moved(documented)),
          `${text}\nprinted\n${printed}\nand not\n${documented}`,
        )
        typed++
      }
    } finally {
      shell.close()
    }
    assert.ok(typed > 0, `${folder} has nothing to type`)
  }

  /** Ends it as Ctrl-C does; fails unless it ended well. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const over = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await over
    }
    assert.equal(this.#child.exitCode, 0)
  }

  #moved(text: string): string {
    return text.replace(/\b(8080|300\d)\b/g, number =>
      String(number === '8080' ? this.port : this.appPort + Number(number) - 3000),
    )
  }
}

/** Starts use cases by their numbers, all of them without any. */
export async function startExample(...numbers: readonly string[]): Promise<Example> {
  const port = await freePort()
  const appPort = await freeNeighbours(4)
  const child = spawn(
    process.execPath,
    [join(root, 'examples/start.js'), ...numbers, `--port=${port}`, `--app-port=${appPort}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout!.on('data', chunk => (output += chunk))
  child.stderr!.on('data', chunk => (output += chunk))
  const timer = setTimeout(() => child.kill('SIGTERM'), 60_000)
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', () => output.includes('Ctrl-C ends it.') && resolve())
    child.on('exit', code => reject(new Error(`the example ended (${code}): ${output}`)))
  }).finally(() => clearTimeout(timer))
  return new Example(port, appPort, output, child)
}

/** The first of so many ports in a row that nobody listens on at the moment. */
async function freeNeighbours(count: number): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const first = await freePort()
    const rest = await Promise.all(Array.from({ length: count - 1 }, (_, i) => isFree(first + 1 + i)))
    if (rest.every(Boolean)) return first
  }
  throw new Error(`there are no ${count} free ports in a row`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => {
      const free = (server.address() as AddressInfo).port === port
      server.close(() => resolve(free))
    })
  })
}
