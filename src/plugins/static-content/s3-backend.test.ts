import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import { awsPath, signedFields } from './aws-signature.ts'
import plugin from './s3-backend.ts'

const config = { bucket: 'site', endpoint: 'http://s3.test:9000', access: 'AK', secret: 'SK', key: '/www/' }

describe('a bucket', () => {
  it('is asked for the object of the path, signed, without what is the client own business', async () => {
    const run = await runPlugin(plugin, {
      config: { ...config, pathStyleAccess: true },
      request: {
        url: '/a%20b/(c).txt?x=1',
        headers: { Cookie: 's=1', Authorization: 'Bearer x', Range: 'bytes=0-1' },
      },
      backend: {
        body: 'x',
        headers: { 'Content-Type': 'text/plain', 'x-amz-request-id': '1', ETag: '"e"', Server: 's' },
      },
    })
    assert.equal(run.backend?.path, '/site/www/a%20b/%28c%29.txt')
    const fields = Object.fromEntries(
      [...run.backend!.headers].map(([name, value]) => [name.toLowerCase(), value]),
    )
    assert.deepEqual(
      [fields['cookie'], fields['range'], fields['host']],
      [undefined, 'bytes=0-1', 's3.test:9000'],
    )
    assert.match(
      fields['authorization']!,
      /^AWS4-HMAC-SHA256 Credential=AK\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$/,
    )
    assert.deepEqual([...run.headers].map(([name]) => name.toLowerCase()).sort(), ['content-type', 'etag'])
  })

  it('stands in the host unless it is to stand in the path', async () => {
    const run = await runPlugin(plugin, { config: { bucket: 'site' }, request: { url: '/' } })
    assert.deepEqual(
      [run.destination?.targets[0]?.hostname, run.destination?.targets[0]?.tls, run.backend?.path],
      ['site.s3.eu-west-1.amazonaws.com', true, '/index.html'],
    )
  })

  it('is only read, within the prefix', async () => {
    const put = await runPlugin(plugin, { config, request: { method: 'PUT' } })
    assert.deepEqual([put.status, put.backend], [405, null])
    for (const url of ['/%2e%2e/x', '/..%2fx'])
      assert.equal((await runPlugin(plugin, { config, upstreamPath: url })).status, 404, url)
  })

  it('answers for the storage', async () => {
    const status = async (of: number): Promise<number> =>
      (await runPlugin(plugin, { config, backend: { status: of, body: '<Error/>' } })).status
    assert.deepEqual(
      await Promise.all([200, 206, 304, 404, 403, 400, 500, 301].map(status)),
      [200, 206, 304, 404, 404, 502, 502, 502],
    )
  })

  it('needs a name', async () => {
    await assert.rejects(runPlugin(plugin), /bucket/)
    await assert.rejects(runPlugin(plugin, { config: { ...config, endpoint: 'ftp://x' } }), /endpoint/)
  })
})

it('signs as the examples of Amazon do', () => {
  const key = {
    access: 'AKIAIOSFODNN7EXAMPLE',
    secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 's3',
  }
  const fields = { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' }
  const signed = signedFields(key, { method: 'GET', path: '/test.txt', fields }, Date.UTC(2013, 4, 24))
  assert.match(signed[2]![1], /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/)
  assert.equal(awsPath(["a'b", '*é']), '/a%27b/%2A%C3%A9')
})
