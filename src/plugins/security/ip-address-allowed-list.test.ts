import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ip-address-allowed-list.ts'

/** Status for a client. */
async function status(addresses: unknown, request: RequestInput, trustForwarded = true): Promise<number> {
  const run = await runPlugin(plugin, { config: { addresses }, request, services: { trustForwarded } })
  assert.equal(run.backend === null, run.status === 403)
  return run.status
}

describe('the list of allowed addresses', () => {
  it('lets nobody in when it is empty', async () => {
    assert.equal(await status([], { ip: '127.0.0.1' }), 403)
    assert.equal(await status(undefined, { ip: '127.0.0.1' }), 403)
  })

  it('lets in who is on it', async () => {
    const addresses = ['10.0.0.0/8', '192.168.1.*', '::1']
    for (const ip of ['10.1.2.3', '192.168.1.77', '::1', '::ffff:10.0.0.1'])
      assert.equal(await status(addresses, { ip }), 200, ip)
    for (const ip of ['11.1.2.3', '192.168.2.77', '::2', '::ffff:11.0.0.1'])
      assert.equal(await status(addresses, { ip }), 403, ip)
  })

  it('refuses with the reason and tells the client nothing of its address', async () => {
    const run = await runPlugin(plugin, { config: { addresses: ['10.0.0.1'] }, request: { ip: '10.0.0.2' } })
    assert.equal(run.headers.get('otoroshi-error-reason'), 'ip_not_allowed')
    assert.equal(run.headers.get('otoroshi-error-msg'), 'Your IP address is not allowed')
    assert.equal(run.refusal?.cause, 'errors.ip.address.not.allowed')
    assert.equal(run.refusal?.detail, '10.0.0.2')
    assert.doesNotMatch(run.text, /10\.0\.0/)
  })

  it('looks at the first forwarded address when the gateway trusts it', async () => {
    const request = { ip: '10.0.0.1', headers: { 'X-Forwarded-For': ' 1.2.3.4 , 10.0.0.9' } }
    assert.equal(await status(['1.2.3.4'], request), 200)
    assert.equal(await status(['10.0.0.1'], request), 403)
  })

  it('looks at the connection when it does not', async () => {
    const request = { ip: '10.0.0.1', headers: { 'X-Forwarded-For': '1.2.3.4' } }
    assert.equal(await status(['1.2.3.4'], request, false), 403)
    assert.equal(await status(['10.0.0.1'], request, false), 200)
  })

  it('lets nobody in whose address cannot be read, even with `*`', async () => {
    for (const forwarded of ['unknown', '127.1', '0x7f.0.0.1', 'a'.repeat(8000)])
      assert.equal(
        await status(['*'], { headers: { 'X-Forwarded-For': forwarded } }),
        403,
        forwarded.slice(0, 20),
      )
  })

  it('does not start with an entry that cannot be read or settings of another kind', () => {
    for (const addresses of [
      ['10.0.0.1', '10.0.0.300'],
      [''],
      ['10.0.0.0/40'],
      '10.0.0.1',
      [1],
      { 0: '::1' },
    ])
      assert.throws(() => setUp(plugin, { addresses }), JSON.stringify(addresses))
  })
})
