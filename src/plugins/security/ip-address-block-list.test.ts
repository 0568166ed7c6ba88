import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ip-address-block-list.ts'

/** Status for a client. */
async function status(addresses: unknown, request: RequestInput, trustForwarded = true): Promise<number> {
  const run = await runPlugin(plugin, { config: { addresses }, request, services: { trustForwarded } })
  assert.equal(run.backend === null, run.status === 403)
  return run.status
}

describe('the list of blocked addresses', () => {
  it('blocks nobody when it is empty', async () => {
    assert.equal(await status([], { ip: '127.0.0.1' }), 200)
    assert.equal(await status(undefined, { headers: { 'X-Forwarded-For': 'unknown' } }), 200)
  })

  it('keeps out who is on it, whatever the address is written like', async () => {
    const addresses = ['10.0.0.0/8', '192.168.1.*', '2001:db8::1']
    const out = ['10.1.2.3', '192.168.1.77', '2001:db8::1', '::ffff:10.0.0.1', '::ffff:a00:1']
    for (const ip of [...out, '2001:0DB8:0:0::1']) assert.equal(await status(addresses, { ip }), 403, ip)
    for (const ip of ['11.1.2.3', '192.168.2.77', '2001:db8::2', '::ffff:11.0.0.1'])
      assert.equal(await status(addresses, { ip }), 200, ip)
  })

  it('refuses with the reason', async () => {
    const run = await runPlugin(plugin, { config: { addresses: ['10.*'] }, request: { ip: '10.0.0.2' } })
    assert.equal(run.headers.get('otoroshi-error-reason'), 'ip_not_allowed')
    assert.equal(run.refusal?.cause, 'errors.ip.address.not.allowed')
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'Your IP address is not allowed' })
  })

  it('is not got round by the way a trusted address is written', async () => {
    const forms = [
      '10.0.0.1',
      '10.0.0.1:1234',
      '[::ffff:10.0.0.1]:1234',
      '0:0:0:0:0:FFFF:0a00:0001',
      ' 10.0.0.1 ',
    ]
    const unreadable = ['unknown', '_x', '10.1', '012.0.0.1', '0xa.0.0.1', '167772161', '10.0.0.1.']
    for (const forwarded of [...forms, ...unreadable])
      assert.equal(await status(['10.0.0.1'], { headers: { 'X-Forwarded-For': forwarded } }), 403, forwarded)
  })

  it('looks at the connection when forwarded addresses are not trusted', async () => {
    const request = { ip: '10.0.0.1', headers: { 'X-Forwarded-For': '1.2.3.4' } }
    assert.equal(await status(['10.0.0.1'], request, false), 403)
    assert.equal(await status(['1.2.3.4'], request, false), 200)
  })

  it('does not start with an entry that cannot be read or settings of another kind', () => {
    for (const addresses of [['10.0.0.1', '10.0.0.300'], [''], ['10.0.0.0/40'], '10.0.0.1', [null]])
      assert.throws(() => setUp(plugin, { addresses }), JSON.stringify(addresses))
  })
})
