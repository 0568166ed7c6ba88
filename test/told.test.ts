/** What a running gateway tells about requests: events, flow reports, debug headers, error pages of the owner. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

type Json = Record<string, unknown>

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-told-'))
const path = join(folder, 'events.log')
let gateway: TestGateway
let backend: http.Server
/** Answers of the backend that never end. */
const endless = new Set<http.ServerResponse>()

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = http.createServer((request, response) => {
    if (request.url !== '/endless') response.end('done')
    else {
      endless.add(response)
      response.on('close', () => endless.delete(response))
      response.write('begun')
    }
  })
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  await route('told')
  const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
    id: 'told',
    name: 'told',
    enabled: true,
    type: 'file',
    groupSize: 1,
    groupDuration: 20,
    config: { path, maxFileSize: 10_000_000 },
    filtering: { include: [{ '@type': 'GatewayEvent' }, { '@type': 'RequestFlowReport' }], exclude: [] },
  })
  assert.equal(created.status, 201, created.text)
  await until(
    'events are written',
    async () => (await call(gateway.port, 'http://told.test/first')).status === 200 && existsSync(path),
  )
})
after(async () => {
  await gateway.stop()
  backend.closeAllConnections()
  backend.close()
  rmSync(folder, { recursive: true })
})

async function route(id: string, more: Json = {}): Promise<void> {
  const { port } = backend.address() as AddressInfo
  const targets = [{ hostname: '127.0.0.1', port }]
  await gateway.route({
    id,
    name: `The ${id}`,
    frontend: { domains: [`${id}.test`] },
    backend: { targets },
    ...more,
  })
}

/** The first event that fits, once it is written. */
async function event(fits: (event: Json) => boolean): Promise<Json> {
  return until('the event is written', () => {
    const lines = readFileSync(path, 'utf8').split('\r\n')
    // The last line may not be whole yet.
    const events = lines.slice(0, -1).map(line => JSON.parse(line) as Json)
    return events.find(fits)
  })
}

const at = (url: string) => (one: Json) => one['@type'] === 'GatewayEvent' && one['url'] === url

describe('the event of a request', () => {
  it('has every field there is, with what is known', async () => {
    const url = 'http://told.test/x?y=1'
    const headers = {
      'Otoroshi-Request-Id': 'parent-1',
      'Otoroshi-Viz-From': 'service-1',
      'Otoroshi-Viz-From-Label': 'Service one',
      Authorization: 'Basic c2VjcmV0',
    }
    await call(gateway.port, url, { method: 'POST', body: 'four', headers })
    const told = await event(at(url))
    assert.deepEqual(
      Object.keys(told).sort(),
      [
        ...['@type', '@id', '@timestamp', '@callAt', '@env', '@serviceId', '@service', '@product', 'reqId'],
        ...[
          'parentReqId',
          'protocol',
          'to',
          'target',
          'url',
          'method',
          'from',
          'backendDuration',
          'duration',
        ],
        ...['requestStreamingDuration', 'responseStreamingDuration', 'backendResponseStreamingDuration'],
        ...[
          'overhead',
          'data',
          'status',
          'responseChunked',
          'headers',
          'headersOut',
          'identity',
          'gwError',
          'err',
        ],
        ...[
          'descriptor',
          'route',
          'matcheJwtVerifier',
          'remainingQuotas',
          'viz',
          'cbDuration',
          'overheadWoCb',
        ],
        ...['callAttempts', 'clientCertChain', 'userAgentInfo', 'geolocationInfo', 'extrasData'],
        ...['otoroshiHeadersIn', 'otoroshiHeadersOut', 'extraInfos', 'gwReason'],
        ...['user-agent-details', 'origin-details', 'instance-number', 'instance-name', 'instance-zone'],
        ...[
          'instance-region',
          'instance-dc',
          'instance-provider',
          'instance-rack',
          'cluster-mode',
          'cluster-name',
        ],
      ].sort(),
    )
    assert.deepEqual(
      ['parentReqId', 'method', 'status', 'err', 'gwError', 'protocol', 'callAttempts', '@serviceId'].map(
        key => told[key],
      ),
      ['parent-1', 'POST', 200, false, null, 'HTTP/1.1', 1, 'told'],
    )
    assert.deepEqual(told['viz'], {
      to: 'told',
      toLbl: 'The told',
      from: 'service-1',
      fromLbl: 'Service one',
      fromTo: 'Service one###The told',
    })
    assert.deepEqual(told['data'], { dataIn: 4, dataOut: 4 })
    assert.doesNotMatch(JSON.stringify(told), /c2VjcmV0/)
  })

  it('whose client left in the middle of its answer says so, and the backend is let go', async () => {
    const url = 'http://told.test/endless'
    await new Promise<void>(resolve => {
      const request = http.get(
        {
          host: '127.0.0.1',
          port: gateway.port,
          path: '/endless',
          headers: { Host: 'told.test' },
          agent: false,
        },
        response => {
          response.once('data', () => {
            response.socket.resetAndDestroy()
            resolve()
          })
          response.on('error', () => {})
        },
      )
      request.on('error', () => {})
    })
    const told = await event(at(url))
    assert.deepEqual(
      ['status', 'err', 'gwReason'].map(key => told[key]),
      [200, true, 'request.client_gone'],
    )
    assert.deepEqual(told['data'], { dataIn: 0, dataOut: 5 })
    await until('the backend is let go', () => endless.size === 0)
    const { json } = await call(gateway.port, 'http://x.test/.well-known/otoroshi/monitoring/metrics')
    const metrics = json as { name: string; count: number }[]
    assert.equal(metrics.find(({ name }) => name === 'otoroshi.requests.left')?.count, 1)
  })
})

describe('an error of the gateway', () => {
  before(async () => {
    await route('own-words', {
      plugins: [{ plugin: 'cp:otoroshi.next.plugins.AllowHttpMethods', config: { allowed: ['POST'] } }],
    })
    const template = (serviceId: string, name: string, messages: Json) => ({
      serviceId,
      name,
      template40x: `<p>${name} \${status}: \${message} (\${cause}) \${errorId}</p>`,
      template50x: '<p>5</p>',
      templateBuild: '<p>build</p>',
      templateMaintenance: '<p>maintenance</p>',
      genericTemplates: { 'errors.method.*': `<p>${name} method: \${message}</p>` },
      messages,
    })
    for (const body of [
      template('global', 'Everywhere', { 'message-404': 'Rien ici', not_found: 'introuvable' }),
      template('own-words', 'Here', { 'message-405': 'Pas comme ça' }),
    ]) {
      const created = await gateway.admin('POST', '/apis/proxy.otoroshi.io/v1/error-templates', body)
      assert.equal(created.status, 201, created.text)
    }
  })

  const asked = (url: string, accept: string) => call(gateway.port, url, { headers: { Accept: accept } })

  it('is worded by the template of its route, else by the global one, translated', async () => {
    const everywhere = await asked('http://nobody.test/', 'text/html')
    assert.equal(everywhere.status, 404)
    assert.match(everywhere.body, /^<p>Everywhere 404: Rien ici \(introuvable\) \d+<\/p>$/)
    const here = await asked('http://own-words.test/', 'text/html')
    assert.deepEqual([here.status, here.body], [405, '<p>Here method: Pas comme ça</p>'])
    const json = (await asked('http://own-words.test/', 'application/json')).json
    assert.deepEqual(
      [json['otoroshi-error'], json['otoroshi-raw-error'], json['otoroshi-cause']],
      ['Pas comme ça', 'Method not allowed', 'errors.method.not.allowed'],
    )
  })

  it('has an id by which its event is found', async () => {
    for (const [url, reason] of [
      ['http://nobody.test/lost', 'route.not_found'],
      ['http://own-words.test/lost', 'method_not_allowed'],
    ] as const) {
      const shown = (await asked(url, 'application/json')).json['otoroshi-error-id']
      const told = await event(one => one['@id'] === shown)
      assert.deepEqual([told['url'], told['gwReason'], told['err']], [url, reason, true])
    }
  })

  it('has other words as soon as the template has', async () => {
    const changed = await gateway.admin('PATCH', '/apis/proxy.otoroshi.io/v1/error-templates/own-words', [
      { op: 'add', path: '/messages/message-405', value: 'So nicht' },
    ])
    assert.equal(changed.status, 200, changed.text)
    assert.equal((await asked('http://own-words.test/', 'text/html')).body, '<p>Here method: So nicht</p>')
    await gateway.admin('DELETE', '/apis/proxy.otoroshi.io/v1/error-templates/own-words')
    const back = await asked('http://own-words.test/', 'text/html')
    assert.equal(back.body, '<p>Everywhere method: Method not allowed</p>')
  })
})

describe('a flow report', () => {
  it('goes to exporters for routes that say so, and for all when the engine does', async () => {
    await route('reported', { export_reporting: true })
    await call(gateway.port, 'http://reported.test/')
    const reported = (id: string) => (one: Json) =>
      one['@type'] === 'RequestFlowReport' && one['@serviceId'] === id
    const told = await event(reported('reported'))
    assert.equal((told['route'] as Json)['id'], 'reported')
    const report = told['report'] as { state: string; steps: { task: string; ctx: Json }[] }
    assert.equal(report.state, 'Successful')
    const { candidates } = report.steps.find(({ task }) => task === 'find-route')!.ctx
    assert.deepEqual((candidates as Json)['candidates'], [{ id: 'reported', failed: null, chosen: true }])
    await engine({ export_reporting: true })
    await call(gateway.port, 'http://told.test/reported')
    await event(reported('told'))
    await engine({})
  })
})

describe('a console exporter', () => {
  it('prints what its filter takes, as its projection makes it', async () => {
    const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'console',
      name: 'console',
      enabled: true,
      type: 'console',
      groupSize: 1,
      groupDuration: 20,
      config: {},
      filtering: { include: [{ '@type': 'GatewayEvent', method: 'DELETE' }], exclude: [] },
      projection: { status: true, to: { uri: true } },
    })
    assert.equal(created.status, 201, created.text)
    await until('a request is printed', async () => {
      await call(gateway.port, 'http://told.test/quiet')
      await call(gateway.port, 'http://told.test/printed', { method: 'DELETE' })
      return gateway.output.includes('/printed')
    })
    assert.doesNotMatch(gateway.output, /\/quiet/)
  })
})

describe('debug headers', () => {
  it('are on every answer while the engine says so, on those of no route, too', async () => {
    await engine({ debug_headers: true })
    for (const [url, state] of [
      ['http://told.test/', 'Successful'],
      ['http://nobody.test/', 'Failed'],
    ] as const) {
      const { headers } = await call(gateway.port, url)
      assert.equal(headers['x-otoroshi-request-state'], state)
      assert.match(String(headers['x-otoroshi-request-duration']), /^\d+\.\d{3} (micros|millis|seconds)$/)
    }
    await engine({})
    assert.equal(
      (await call(gateway.port, 'http://told.test/')).headers['x-otoroshi-request-state'],
      undefined,
    )
  })
})

async function engine(settings: Json): Promise<void> {
  const changed = await gateway.admin('PATCH', '/api/globalconfig', [
    { op: 'add', path: '/plugins/config/NextGenProxyEngine', value: settings },
  ])
  assert.equal(changed.status, 200, changed.text)
}
