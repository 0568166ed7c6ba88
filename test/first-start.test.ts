/** First starts with entities of the operator: an export, data in the configuration, a customization. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import {
  exported,
  exportedLines,
  Files,
  type Json,
  original,
  routeTo,
  serves,
  using,
} from './support/exports.ts'
import { failedStart } from './support/failed-start.ts'
import { freePort } from './support/free-port.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

const files = new Files()
let backend: Backend
let source: TestGateway

before(async () => {
  backend = await startBackend((_request, response) => void response.end('served'))
  source = await startGateway({ threads: 1 })
  for (const id of ['one', 'two']) await source.route(routeOf(id))
})
after(async () => {
  await source?.stop()
  await backend.close()
  files.remove()
})

const routeOf = (id: string, more: Record<string, unknown> = {}) => routeTo(backend.port, id, more)

describe('a first start', () => {
  it('with OTOROSHI_IMPORT_FROM loads a file, once', async () => {
    const content = await exported(source)
    const dataDir = mkdtempSync(join(tmpdir(), 'otoroshi-'))
    const env = { OTOROSHI_IMPORT_FROM: files.write('export.json', content) }
    const gateway = await startGateway({ threads: 1, env, dataDir })
    assert.deepEqual(await exported(gateway), content)
    assert.doesNotMatch(gateway.output, /password/)
    await serves(gateway, 'one')
    assert.equal((await gateway.admin('DELETE', '/apis/proxy.otoroshi.io/v1/routes/one')).status, 200)
    await gateway.stop()
    await using(async again => assert.equal((await call(again.port, 'http://one.test/')).status, 404), {
      env,
      dataDir,
    })
    rmSync(dataDir, { recursive: true })
  })

  it('loads raw lines, too', async () => {
    const path = files.write('export.ndjson', (await exportedLines(source)).join('\n'))
    await using(
      async gateway => {
        assert.deepEqual(await exported(gateway), await exported(source))
        await serves(gateway, 'two')
      },
      { args: ['--import', path] },
    )
  })

  it('loads a URL, with the headers of the setting, which do not follow to another host', async () => {
    const content = JSON.stringify(await exported(source))
    const seen: http.IncomingHttpHeaders[] = []
    const server = http.createServer((request, response) => {
      seen.push(request.headers)
      if (request.url === '/moved') {
        const { port } = server.address() as AddressInfo
        response.writeHead(302, { Location: `http://localhost:${port}/export` }).end()
      } else if (request.url === '/loop') response.writeHead(302, { Location: '/loop' }).end()
      else if (request.url === '/export') response.end(content)
      else response.writeHead(404).end('secret of the server')
    })
    await new Promise<void>(resolve => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    const conf = files.write('import.conf', 'otoroshi.importFromHeaders = ["X-Token: a:b", "X-Other:c"]')
    const from = (path: string) => ({ OTOROSHI_IMPORT_FROM: `http://user:pass@127.0.0.1:${port}${path}` })
    const args = ['--config', conf]
    try {
      await using(async gateway => serves(gateway, 'one'), { env: from('/export'), args })
      const [first] = seen.splice(0)
      assert.deepEqual([first!['x-token'], first!['x-other']], ['a:b', 'c'])
      assert.equal(first!.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`)
      await using(async gateway => serves(gateway, 'one'), { env: from('/moved'), args })
      const [here, there] = seen
      assert.deepEqual(
        [here!['x-token'], there!['x-token'], there!.authorization],
        ['a:b', undefined, undefined],
      )
      for (const [path, says] of [
        ['/gone', /the server answered 404/],
        ['/loop', /redirects more than 5 times/],
      ] as const) {
        const { code, output } = await failedStart({ env: from(path), args })
        assert.equal(code, 1)
        assert.match(output, says)
        assert.doesNotMatch(output, /user:pass|secret of the server|a:b| at .*\.ts:/)
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('with an export of the original serves, and can be called', () =>
    using(
      async gateway => {
        const { json, status } = await gateway.admin('GET', '/api/routes/shop')
        assert.deepEqual([status, json.id], [200, 'shop'])
        assert.match(gateway.output, /warn otoroshi\.importFrom: The route admin-api-service/)
        const route = (await exported(gateway)).routes.find(({ id }: Json) => id === 'admin-api-service')
        assert.equal(route.plugins.length, 8)
      },
      { env: { OTOROSHI_IMPORT_FROM: files.write('original.json', original()) } },
    ))

  it('with an export that has no way into the admin API adds one', () =>
    using(
      async gateway => {
        assert.equal((await gateway.admin('GET', '/api/tenants/default')).status, 200)
        await serves(gateway, 'one')
        assert.match(gateway.output, /The key admin-api-apikey-id of the settings was added/)
      },
      { env: { OTOROSHI_IMPORT_FROM: files.write('bare.json', { config: {}, routes: [routeOf('one')] }) } },
    ))

  it('with an export that cannot be taken ends with a sentence, and leaves the store empty', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'otoroshi-'))
    const faulty = { config: {}, routes: [routeOf('one'), routeOf('two', { frontend: 5 })] }
    for (const [path, says] of [
      [join(files.path, 'nowhere.json'), /importFrom cannot be read: ENOENT/],
      [files.write('cut.json', '{"config":{},"routes":[{'), /ends too early, in routes\.0/],
      [files.write('faulty.json', faulty), /routes\.1 \(Route two\): frontend/],
      [`http://127.0.0.1:${await freePort()}/export`, /importFrom cannot be read: .*ECONNREFUSED/],
    ] as const) {
      const { code, output } = await failedStart({ env: { OTOROSHI_IMPORT_FROM: path }, dataDir })
      assert.equal(code, 1, output)
      assert.match(output, says)
      assert.match(output, /^otoroshi: /m)
      assert.doesNotMatch(output, / at .*\.ts:/)
    }
    await using(async gateway => assert.match(gateway.output, /log in as admin@otoroshi\.io/), { dataDir })
    rmSync(dataDir, { recursive: true })
  })

  it('with otoroshi.initialData loads an export out of the configuration', async () => {
    const data = {
      routes: [routeOf('data')],
      apiKeys: [{ clientId: 'c', clientSecret: 's', clientName: 'c' }],
    }
    const conf = files.write('data.conf', `otoroshi.initialData = ${JSON.stringify(data)}`)
    await using(
      async gateway => {
        await serves(gateway, 'data')
        assert.equal((await gateway.admin('GET', '/api/apikeys/c')).status, 200)
        // It is an export: nothing else is made than what the admin API needs.
        const { json } = await gateway.admin('GET', '/api/apikeys')
        assert.deepEqual(json.map(({ clientId }: Json) => clientId).sort(), ['admin-api-apikey-id', 'c'])
      },
      { args: ['--config', conf] },
    )
  })

  it('with otoroshi.initialCustomization changes what is made, and adds to it', async () => {
    const customization = {
      config: { maxConcurrentRequests: 77, lines: ['prod', 'dev'] },
      apikeys: [
        { clientId: 'admin-api-apikey-id', metadata: { owner: 'me' } },
        { clientId: 'n', clientSecret: 's', clientName: 'n' },
      ],
      groups: [{ id: 'extra', name: 'Extra' }],
      tenants: [{ id: 'default', description: 'ours' }],
      routes: [routeOf('custom')],
      simpleAdmins: [{ username: 'admin@otoroshi.io', password: 'in clear', label: 'Boss' }],
    }
    await using(
      async gateway => {
        const { config, apiKeys, serviceGroups, tenants, simpleAdmins } = await exported(gateway)
        assert.deepEqual([config.maxConcurrentRequests, config.lines], [77, ['prod', 'dev']])
        const key = apiKeys.find(({ clientId }: Json) => clientId === 'admin-api-apikey-id')
        assert.deepEqual([key.metadata.owner, key.throttlingQuota], ['me', 10000])
        assert.ok(apiKeys.some(({ clientId }: Json) => clientId === 'n'))
        assert.deepEqual(serviceGroups.map(({ id }: Json) => id).sort(), [
          'admin-api-group',
          'default',
          'extra',
        ])
        assert.deepEqual([tenants[0].description, tenants[0].name], ['ours', 'Default organization'])
        assert.equal(simpleAdmins[0].label, 'Boss')
        assert.match(simpleAdmins[0].password, /^\$2[aby]\$/)
        assert.match(gateway.output, /the administrator is admin@otoroshi\.io/)
        assert.doesNotMatch(gateway.output, /in clear|with the password/)
        await serves(gateway, 'custom')
      },
      { env: { OTOROSHI_INITIAL_CUSTOMIZATION: JSON.stringify(customization) } },
    )
  })

  it('with a customization that cannot be taken names each fault', async () => {
    const customization = JSON.stringify({ routes: [{ id: 'r', frontend: 5 }], rooutes: [], groups: {} })
    const { code, output } = await failedStart({ env: { OTOROSHI_INITIAL_CUSTOMIZATION: customization } })
    assert.equal(code, 1)
    assert.match(output, /otoroshi\.initialCustomization cannot be taken:/)
    assert.match(output, /routes\.0 \(Route r\)/)
    assert.match(output, /rooutes: Unknown section/)
    assert.match(output, /groups: Expected a list/)
  })

  it('takes importFrom rather than initialData rather than initialCustomization', async () => {
    const conf = files.write(
      'both.conf',
      `otoroshi.initialData = ${JSON.stringify({ routes: [routeOf('data')] })}
       otoroshi.initialCustomization = ${JSON.stringify({ routes: [routeOf('custom')] })}`,
    )
    const ids = async (gateway: TestGateway) =>
      (await gateway.admin('GET', '/api/routes')).json.map(({ id }: Json) => id).sort()
    const args = ['--config', conf]
    await using(async gateway => assert.deepEqual(await ids(gateway), ['admin-api-service', 'data']), {
      args,
    })
    const env = { OTOROSHI_IMPORT_FROM: files.write('third.json', { config: {}, routes: [routeOf('one')] }) }
    await using(async gateway => assert.deepEqual(await ids(gateway), ['admin-api-service', 'one']), {
      args,
      env,
    })
  })

  it('writes the first password to a file of its own and prints it nowhere', () => {
    const file = join(files.path, 'password')
    const env = {
      OTOROSHI_WRITE_INITIAL_ADMIN_PASSWORD_TO_FILE: 'true',
      OTOROSHI_INITIAL_ADMIN_PASSWORD_FILE: file,
    }
    return using(
      async gateway => {
        const password = readFileSync(file, 'utf8').trim()
        assert.match(password, /^[A-Za-z0-9]{32}$/)
        assert.ok(!gateway.output.includes(password))
      },
      { env },
    )
  })
})
