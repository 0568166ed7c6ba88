/** A headless Chromium, as far as tests of pages need one, driven over its debugging protocol. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { findProgram } from '../../scripts/packages.js'
import { until } from './wait.ts'

const program: string | null = findProgram('chromium')
export const chromiumMissing: string | false = program === null && 'chromium is not installed'

type Message = {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export class Chromium {
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (message: Message) => void>()
  #session = ''
  #last = 0

  private constructor(child: ChildProcess, directory: string, socket: WebSocket) {
    this.#child = child
    this.#directory = directory
    this.#socket = socket
    socket.on('message', data => {
      const message = JSON.parse(String(data)) as Message
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
    })
  }

  /** Every name under `oto.tools` and `test` is this machine. */
  static async start(): Promise<Chromium> {
    const directory = mkdtempSync(join(tmpdir(), 'otoroshi-chromium-'))
    const child = spawn(
      program!,
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--host-resolver-rules=MAP *.oto.tools 127.0.0.1,MAP *.test 127.0.0.1',
        '--remote-debugging-port=0',
        `--user-data-dir=${directory}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let output = ''
    child.stderr!.on('data', chunk => (output += chunk))
    const url = await until('chromium listens', () => /ws:\/\/\S+/.exec(output)?.[0], 60_000)
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    const chromium = new Chromium(child, directory, socket)
    await chromium.newPage()
    return chromium
  }

  /** A page of a profile of its own: without cookies. */
  async newPage(): Promise<void> {
    this.#session = ''
    const { browserContextId } = (await this.send('Target.createBrowserContext')) as {
      browserContextId: string
    }
    const { targetId } = (await this.send('Target.createTarget', {
      url: 'about:blank',
      browserContextId,
    })) as {
      targetId: string
    }
    const { sessionId } = (await this.send('Target.attachToTarget', { targetId, flatten: true })) as {
      sessionId: string
    }
    this.#session = sessionId
    await this.send('Page.enable')
    await this.send('Runtime.enable')
  }

  /** A command of the protocol, for the current page. */
  send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, message => {
        this.#waiting.delete(id)
        if (message.error === undefined) resolve(message.result)
        else reject(new Error(`${method}: ${message.error.message}`))
      })
      const session = this.#session === '' ? {} : { sessionId: this.#session }
      this.#socket.send(JSON.stringify({ id, method, params, ...session }))
    })
  }

  async open(url: string): Promise<void> {
    await this.send('Page.navigate', { url })
  }

  /** Value of an expression in the page. */
  async value<T = unknown>(expression: string): Promise<T> {
    const answer = (await this.send('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: T }
      exceptionDetails?: { text: string }
    }
    if (answer.exceptionDetails !== undefined)
      throw new Error(`${expression}: ${answer.exceptionDetails.text}`)
    return answer.result.value
  }

  /** Waits until an expression is true in the page that is there then. */
  async sees(expression: string): Promise<void> {
    const holds = () => this.value(expression).catch(() => false)
    await until(`the page says ${expression}`, holds, 30_000).catch(async error => {
      throw new Error(`${String(error)}; at ${await this.value('location.href')}: ${await this.text()}`)
    })
  }

  /** Addresses of the documents in frames; those that a browser refused to show are not among them. */
  async frames(): Promise<string[]> {
    type Tree = { frame: { url: string; unreachableUrl?: string }; childFrames?: Tree[] }
    const { frameTree } = (await this.send('Page.getFrameTree')) as { frameTree: Tree }
    return (frameTree.childFrames ?? []).flatMap(({ frame: { url, unreachableUrl } }) =>
      unreachableUrl === undefined ? [url] : [],
    )
  }

  text(): Promise<string> {
    return this.value('document.body.innerText')
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text })
  }

  /** Presses `Tab` or `Enter`. */
  async press(key: 'Tab' | 'Enter'): Promise<void> {
    const code = key === 'Tab' ? 9 : 13
    const facts = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' && { text: '\r' }) }
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...facts })
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...facts })
  }

  /** How wide the window is, and whether the user likes it dark. */
  async look(width: number, scheme: 'light' | 'dark'): Promise<void> {
    const mobile = width < 600
    await this.send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 800,
      deviceScaleFactor: 1,
      mobile,
    })
    await this.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    })
  }

  /** Writes what is seen to a PNG file. */
  async screenshot(file: string): Promise<void> {
    const { data } = (await this.send('Page.captureScreenshot', { format: 'png' })) as { data: string }
    writeFileSync(file, Buffer.from(data, 'base64'))
  }

  async close(): Promise<void> {
    this.#socket.close()
    if (this.#child.exitCode === null) {
      const over = new Promise(resolve => this.#child.once('exit', resolve))
      this.#child.kill('SIGTERM')
      await over
    }
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
