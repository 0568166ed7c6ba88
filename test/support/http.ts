/** One request through the gateway, with a `Host` of choice. */
import http from 'node:http'

export interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  // Parsed body, or undefined when it is not JSON.
  readonly json: ReturnType<typeof JSON.parse>
}

export interface CallOptions {
  readonly method?: string
  readonly headers?: http.OutgoingHttpHeaders
  readonly body?: string | Buffer
  readonly agent?: http.Agent | false
}

/** Calls `http://127.0.0.1:<port>` with the host and path of `url` (`http://api.test/path`). */
export function call(port: number, url: string, options: CallOptions = {}): Promise<Got> {
  const { host, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path: pathname + search,
        method: options.method ?? 'GET',
        headers: { Host: host, Accept: 'application/json', ...options.headers },
        agent: options.agent ?? false,
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString()
          let json: unknown
          try {
            json = JSON.parse(body)
          } catch {
            json = undefined
          }
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            json,
          })
        })
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}
