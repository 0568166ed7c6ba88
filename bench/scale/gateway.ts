/** The measured gateway: a process of its own on a data directory, and calls to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import http from 'node:http'
import { join } from 'node:path'

const KEY = `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`

export interface Answer {
  readonly status: number
  readonly text: string
}

export class Gateway {
  readonly port: number
  readonly child: ChildProcess
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 256 })

  constructor(port: number, folder: string, threads: number) {
    this.port = port
    this.child = spawn(process.execPath, [join(import.meta.dirname, '../../bin/otoroshi'), 'start'], {
      env: {
        ...process.env,
        OTOROSHI_PORT: String(port),
        OTOROSHI_HTTPS_PORT: '0',
        OTOROSHI_THREADS: String(threads),
        OTOROSHI_DATA_DIR: folder,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }

  /** One call; `host` chooses the route. Rejects when the connection breaks. */
  call(
    method: string,
    host: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: this.port,
          method,
          path,
          agent: this.#agent,
          headers: {
            Host: host,
            Accept: 'application/json',
            ...headers,
            'Content-Length': Buffer.byteLength(body),
          },
        },
        response => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', chunk => (text += chunk))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
          response.on('error', reject)
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }

  /** A call to the admin API. */
  admin(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    return this.call(
      method,
      'otoroshi-api.oto.tools',
      path,
      { Authorization: KEY, 'Content-Type': type },
      text,
    )
  }

  /** Asks until the measured route answers 200; milliseconds since `begun`. */
  async serving(
    begun: number,
    headers: Readonly<Record<string, string>>,
    patience = 300_000,
  ): Promise<number> {
    while (performance.now() - begun < patience) {
      const answer = await this.call('GET', 'measured.test', '/', headers).catch(() => null)
      if (answer?.status === 200) return performance.now() - begun
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    throw new Error('the gateway did not serve in time')
  }

  async end(): Promise<void> {
    this.#agent.destroy()
    const gone = new Promise<void>(resolve => this.child.once('exit', () => resolve()))
    this.child.kill('SIGTERM')
    await gone
  }
}

/** The credentials of a key as a field. */
export function basic(id: string, secret: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}
