/** Puts routes into a running gateway over its admin API, and waits until they serve. */
import http from 'node:http'

const KEY = `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`

/** Ten plugins that do a little on each request. */
export const cheapPlugins: readonly Record<string, unknown>[] = [
  { plugin: 'cp:otoroshi.next.plugins.OverrideHost' },
  { plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn', config: { headers: { 'X-In': 'bench' } } },
  { plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersOut', config: { headers: { 'X-Out': 'bench' } } },
  { plugin: 'cp:otoroshi.next.plugins.MissingHeadersIn', config: { headers: { 'X-Missing': 'bench' } } },
  { plugin: 'cp:otoroshi.next.plugins.MissingHeadersOut', config: { headers: { 'X-Missing': 'bench' } } },
  { plugin: 'cp:otoroshi.next.plugins.RemoveHeadersIn', config: { names: ['X-Secret'] } },
  { plugin: 'cp:otoroshi.next.plugins.RemoveHeadersOut', config: { names: ['X-Powered-By'] } },
  { plugin: 'cp:otoroshi.next.plugins.AllowHttpMethods', config: { allowed: ['GET', 'POST'] } },
  { plugin: 'cp:otoroshi.next.plugins.DisableHttp10' },
  { plugin: 'cp:otoroshi.next.plugins.IpAddressBlockList', config: { addresses: ['10.11.12.13'] } },
]

/** The measured route. */
export function benchRoute(
  backend: number,
  plugins: readonly Record<string, unknown>[] = [],
): Record<string, unknown> {
  return {
    id: 'bench',
    name: 'bench',
    frontend: { domains: ['127.0.0.1'] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend, tls: false }] },
    plugins,
  }
}

/** Creates or replaces the route. */
export async function putRoute(port: number, route: Record<string, unknown>): Promise<void> {
  await putEntity(port, 'proxy.otoroshi.io/v1/routes', String(route['id']), route)
}

/** Creates or replaces an entity: `resource` is `<group>/<version>/<kinds>`. */
export async function putEntity(
  port: number,
  resource: string,
  id: string,
  entity: Readonly<Record<string, unknown>>,
): Promise<void> {
  await admin(port, 'POST', `/apis/${resource}/${id}`, JSON.stringify(entity), 'application/json')
}

/** Creates many routes that nobody calls, on domains and paths of their own. */
export async function fillRoutes(port: number, count: number, backend: number): Promise<void> {
  const batch = 2000
  for (let from = 0; from < count; from += batch) {
    const lines: string[] = []
    for (let i = from; i < Math.min(count, from + batch); i++) {
      const route = benchRoute(backend)
      lines.push(
        JSON.stringify({
          ...route,
          id: `filler-${i}`,
          name: `filler ${i}`,
          frontend: { domains: [`host-${i % 1000}.test/service/${i}/v1`] },
        }),
      )
    }
    await admin(
      port,
      'POST',
      '/apis/proxy.otoroshi.io/v1/routes/_bulk',
      `${lines.join('\n')}\n`,
      'application/x-ndjson',
    )
  }
}

function admin(port: number, method: string, path: string, body: string, type: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: {
          Host: 'otoroshi-api.oto.tools',
          Accept: 'application/json',
          Authorization: KEY,
          'Content-Type': type,
          'Content-Length': Buffer.byteLength(body),
        },
      },
      response => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', chunk => (text += chunk))
        response.on('end', () =>
          (response.statusCode ?? 500) < 300
            ? resolve(text)
            : reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`)),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
