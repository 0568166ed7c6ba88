/** The admin API of a running gateway as a way to write. */
import { Agent, type ClientRequest, request } from 'node:http'
import type { Door } from './clients.ts'
import { entityOf, isKey, type Line } from './operations.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const keys = '/apis/apim.otoroshi.io/v1/apikeys'
const authorization = `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`

/** The connection ended before the answer: the gateway is gone. */
export class Gone extends Error {}

export interface HttpDoor extends Door {
  close(): void
}

/** `base`: an export with what every import keeps. */
export function httpDoor(port: number, base: Record<string, unknown>): HttpDoor {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const send = (method: string, path: string, type: string): ClientRequest =>
    request({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: {
        Host: 'otoroshi-api.oto.tools',
        Accept: 'application/json',
        Authorization: authorization,
        'Content-Type': type,
      },
    })

  /** False for 404. `onText` gets the answer as it comes. Rejects with `Gone`, or for every other status. */
  function call(
    method: string,
    path: string,
    body: string,
    type = 'application/json',
    onText: (text: string) => void = () => {},
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const outgoing = send(method, path, type)
      const gone = (error: unknown): void => reject(new Gone(`${method} ${path}`, { cause: error }))
      outgoing.on('error', gone)
      outgoing.on('response', response => {
        const { statusCode: status = 0 } = response
        let text = ''
        response.setEncoding('utf8')
        response.on('data', chunk => {
          text += chunk
          if (status === 200) onText(text)
        })
        response.on('error', gone)
        response.on('end', () => {
          if (!response.complete) return gone(null)
          if (status === 200 || status === 201) return resolve(true)
          if (status === 404) return resolve(false)
          // A gateway that ends in good order says so; nothing was done.
          if (status === 503 || status === 502) return gone(text)
          reject(new Error(`${method} ${path}: ${status} ${text}`))
        })
      })
      outgoing.end(body)
    })
  }

  const at = (id: string): string => `${isKey(id) ? keys : routes}/${id}`
  return {
    put: line => call('POST', at(line.id), JSON.stringify(entityOf(line))),
    patch: ({ id, mark }) => call('PATCH', at(id), JSON.stringify({ metadata: { mark } })),
    remove: id => call('DELETE', at(id), ''),
    async bulk(lines, done) {
      const body = lines.map(line => JSON.stringify(entityOf(line))).join('\n')
      let told = 0
      await call('POST', `${routes}/_bulk`, body, 'application/x-ndjson', text => {
        const answers = text.split('\n').slice(0, -1)
        for (; told < answers.length; told++) {
          const { status } = JSON.parse(answers[told]!)
          // 503: the end in good order has begun.
          if (status === 201) done(told)
          else if (status !== 503) throw new Error(answers[told])
        }
      })
    },
    import: lines => call('POST', '/api/otoroshi.json', JSON.stringify(exportWith(base, lines))),
    close: () => agent.destroy(),
  }
}

function exportWith(base: Record<string, unknown>, lines: readonly Line[]): Record<string, unknown> {
  const of = (section: string, wanted: (id: string) => boolean): unknown[] => [
    ...(base[section] as unknown[]),
    ...lines.filter(({ id }) => wanted(id)).map(entityOf),
  ]
  return { ...base, routes: of('routes', id => !isKey(id)), apiKeys: of('apiKeys', isKey) }
}
