/** Files, archives, buckets and pages that routes serve, driven through a running gateway. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { zipOf } from '../src/plugins/static-content/testing/zip.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { startS3, type S3 } from './support/s3.ts'
import { until } from './support/wait.ts'

const BIG = 48 * 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'content-'))
const root = join(folder, 'site')
let gateway: TestGateway
let backend: Backend
let archives: Backend
let s3: S3

before(async () => {
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<p>home</p>')
  writeFileSync(join(root, 'sub', 'index.html'), 'sub')
  writeFileSync(join(root, 'big.bin'), Buffer.alloc(BIG, 'x'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(root, 'leak.txt'))
  const zip = zipOf([{ name: 'site/index.html', content: Buffer.from('zipped') }])
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  archives = await startBackend((_seen, response) => void response.end(zip))
  s3 = await startS3('site', {
    'www/index.html': ['text/html', '<p>object</p>'],
    'www/a b.txt': ['text/plain', '0123456789'],
  })
  const bucket = {
    bucket: 'site',
    endpoint: `http://127.0.0.1:${s3.port}`,
    pathStyleAccess: true,
    key: '/www',
    access: s3.access,
    secret: s3.secret,
  }
  const routes: [string, string, object][] = [
    ['files', 'StaticBackend', { root_path: root }],
    [
      'zip',
      'ZipFileBackend',
      { url: `http://127.0.0.1:${archives.port}/a.zip`, dir: join(folder, 'zips'), prefix: 'site' },
    ],
    ['nozip', 'ZipFileBackend', { url: 'http://127.0.0.1:1/a.zip', dir: join(folder, 'zips') }],
    ['bucket', 'S3Backend', bucket],
    ['wrongkey', 'S3Backend', { ...bucket, access: 'nobody' }],
    ['asset', 'StaticAssetEndpoint', { url: `http://127.0.0.1:${backend.port}/logo.svg?v=2` }],
    ['swagger', 'SwaggerUIPlugin', { swagger_url: 'https://api.test/openapi.json', title: 'The API' }],
    ['noswagger', 'SwaggerUIPlugin', {}],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, { port: 1 }, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  for (const server of [backend, archives, s3]) await server.close()
  rmSync(folder, { recursive: true })
})

const get = (id: string, path = '/', headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers, method })

/** The answer to a request line as it is written, which clients of Node would put in order first. */
function raw(id: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(gateway.port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => (text += chunk))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${id}.test\r\nConnection: close\r\n\r\n`)
  })
}

describe('a folder', () => {
  it('is served, with HEAD, conditions and ranges', async () => {
    const home = await get('files')
    assert.deepEqual(
      [home.status, home.body, home.headers['content-type']],
      [200, '<p>home</p>', 'text/html; charset=utf-8'],
    )
    assert.equal((await get('files', '/sub/')).body, 'sub')
    const head = await get('files', '/big.bin', {}, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(BIG), ''])
    assert.equal((await get('files', '/', { 'If-None-Match': home.headers.etag })).status, 304)
    assert.equal(
      (await get('files', '/', { 'If-Modified-Since': home.headers['last-modified'] })).status,
      304,
    )
    const part = await get('files', '/', { Range: 'bytes=3-6' })
    assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, 'home', 'bytes 3-6/11'])
    assert.equal((await get('files', '/', { Range: 'bytes=99-' })).status, 416)
    assert.equal((await get('files', '/', {}, 'DELETE')).status, 405)
  })

  it('is not left, whatever is asked for', async () => {
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/.%2e/secret.txt',
      '/sub/..%5c..%5csecret.txt',
      '/leak.txt',
      '/%00',
      '/%252e%252e/secret.txt',
    ]) {
      const text = await raw('files', path)
      assert.match(text, /^HTTP\/1\.1 40[04] /, path)
      assert.doesNotMatch(text, /secret$/, path)
    }
  })

  it('gives large files to slow clients without holding them', async () => {
    const digest = createHash('sha256')
    let size = 0
    await new Promise<void>((resolve, reject) => {
      http
        .get(
          { host: '127.0.0.1', port: gateway.port, path: '/big.bin', headers: { Host: 'files.test' } },
          response => {
            response.on('data', (chunk: Buffer) => {
              size += chunk.length
              digest.update(chunk)
            })
            response.on('end', resolve)
            response.on('error', reject)
          },
        )
        .on('error', reject)
    })
    assert.equal(size, BIG)
    assert.equal(digest.digest('hex'), createHash('sha256').update(Buffer.alloc(BIG, 'x')).digest('hex'))
  })
})

it('an archive is downloaded once for each thread at most, and served', async () => {
  for (let n = 0; n < 10; n++) assert.equal((await get('zip')).body, 'zipped')
  assert.ok(archives.seen.length >= 1 && archives.seen.length <= 2, String(archives.seen.length))
  assert.equal((await get('zip', '/none')).status, 404)
  const missing = await get('nozip')
  assert.deepEqual([missing.status, missing.headers['otoroshi-error-reason']], [502, 'archive.unavailable'])
})

describe('a bucket', () => {
  it('is served by another server of the protocol', async () => {
    const home = await get('bucket')
    assert.deepEqual(
      [home.status, home.body, home.headers['content-type']],
      [200, '<p>object</p>', 'text/html'],
    )
    assert.equal((await get('bucket', '/a%20b.txt')).body, '0123456789')
    const part = await get('bucket', '/a%20b.txt', { Range: 'bytes=2-4' })
    assert.deepEqual([part.status, part.body], [206, '234'])
    const head = await get('bucket', '/a%20b.txt', {}, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length']], [200, '10'])
    assert.equal((await get('bucket', '/', { 'If-None-Match': home.headers.etag })).status, 304)
    const missing = await get('bucket', '/none')
    assert.deepEqual([missing.status, missing.body], [404, 'resource not found'])
  })

  it('is not there for a key that the server does not know', async () => {
    assert.equal((await get('wrongkey')).status, 404)
    await until('the log tells', () => gateway.output.includes('refused a call with 403'))
  })
})

it('one address is served for a whole route', async () => {
  const got = await get('asset', '/anything?x=1')
  assert.deepEqual([got.json.url, got.json.headers.host], ['/logo.svg?v=2', `127.0.0.1:${backend.port}`])
})

it('an OpenAPI document is shown', async () => {
  const page = await get('swagger', '/docs')
  assert.match(page.body, /<title>The API<\/title>/)
  const script = await get('swagger', '/docs?swagger-ui=swagger-ui-bundle.js')
  assert.deepEqual([script.status, script.headers['content-type']], [200, 'text/javascript; charset=utf-8'])
  assert.equal((await get('noswagger')).headers['otoroshi-error-reason'], 'documentation.not_configured')
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'StaticBackend', { root_path: '' }, /root_path/)
  await closes(gateway, backend, 'ZipFileBackend', { url: 'https://x/${req.query.v}' }, /url/)
  await closes(gateway, backend, 'S3Backend', {}, /bucket/)
  await closes(gateway, backend, 'StaticAssetEndpoint', { url: 'nowhere' }, /url/)
  await closes(gateway, backend, 'SwaggerUIPlugin', { layout: 'x' }, /layout/)
})
