import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './oauth1-caller.ts'
import { baseUri, oauth1Signature, oauthEncoded, signatureBase } from './oauth1-signature.ts'

const config = { consumerKey: 'ck', consumerSecret: 'cs&', token: 'tk', tokenSecret: 'ts' }

/** The parameters of the header the backend gets. */
async function sent(more: PluginRunInput) {
  const run = await runPlugin(plugin, { config, ...more })
  const header = run.backend!.headers.get('authorization')!
  assert.match(header, /^OAuth oauth_consumer_key="/)
  const found = [...header.slice(6).matchAll(/(\w+)="([^"]*)"/g)]
  return {
    run,
    fields: Object.fromEntries(found.map(([, name, value]) => [name, decodeURIComponent(value!)])),
  }
}

describe('the signature of OAuth 1.0', () => {
  it('is over the base string of RFC 5849, 3.4.1.1', () => {
    const base = signatureBase('post', baseUri('http', 'EXAMPLE.COM:80', '/request'), [
      ['b5', '=%3D'],
      ['a3', 'a'],
      ['c@', ''],
      ['a2', 'r b'],
      ['oauth_consumer_key', '9djdj82h48djs9d2'],
      ['oauth_token', 'kkk9d7dh3k39sjv7'],
      ['oauth_signature_method', 'HMAC-SHA1'],
      ['oauth_timestamp', '137131201'],
      ['oauth_nonce', '7d8f3e4a'],
      ['c2', ''],
      ['a3', '2 q'],
    ])
    assert.equal(
      base,
      'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    )
  })

  it('is the HMAC by both secrets, or the secrets themselves', () => {
    const hmac = (hash: string): string => createHmac(hash, 'a%26&b').update('base').digest('base64')
    assert.equal(oauth1Signature('HMAC-SHA1', 'base', 'a&', 'b'), hmac('sha1'))
    assert.equal(oauth1Signature('HMAC-SHA512', 'base', 'a&', 'b'), hmac('sha512'))
    assert.equal(oauth1Signature('PLAINTEXT', 'base', 'a&', 'b'), 'a%26&b')
  })
})

describe('a request signed with OAuth 1.0', () => {
  it('has a signature over method, address, query and form', async () => {
    const request = {
      method: 'POST',
      url: '/a?x=1%202',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: 'y=z+z&x=0',
    }
    const { run, fields } = await sent({ request })
    const { oauth_signature: signature, ...oauth } = fields
    assert.equal(oauth['oauth_signature_method'], 'HMAC-SHA512')
    assert.ok(Math.abs(Date.now() / 1000 - Number(oauth['oauth_timestamp'])) < 60)
    const parameters = [
      ...(Object.entries(oauth) as [string, string][]),
      ['x', '1 2'],
      ['y', 'z z'],
      ['x', '0'],
    ] as [string, string][]
    const base = signatureBase('POST', 'https://gateway.test/a', parameters)
    assert.equal(signature, oauth1Signature('HMAC-SHA512', base, 'cs&', 'ts'))
    assert.equal(run.backend!.body.toString(), 'y=z+z&x=0')
  })

  it('has a nonce of its own', async () => {
    const nonces = await Promise.all([1, 2, 3].map(async () => (await sent({})).fields['oauth_nonce']))
    assert.equal(new Set(nonces).size, 3)
  })

  it('says its secrets where the method is that', async () => {
    const { fields } = await sent({ config: { ...config, algo: 'TEXTPLAIN' } })
    assert.equal(fields['oauth_signature_method'], 'PLAINTEXT')
    assert.equal(fields['oauth_signature'], `${oauthEncoded('cs&')}&ts`)
  })

  it('takes what the metadata of the API key say before the settings', async () => {
    const key = apikey({ clientId: 'id', clientSecret: 's', metadata: { oauth_consumer_key: 'other' } })
    const { fields } = await sent({ before: exchange => exchange.attributes.set(apikeyAttribute, key) })
    assert.equal(fields['oauth_consumer_key'], 'other')
    assert.equal(fields['oauth_token'], 'tk')
  })

  it('is not made of less than all four', async () => {
    for (const missing of Object.keys(config)) {
      const run = await runPlugin(plugin, { config: { ...config, [missing]: null } })
      assert.equal(run.status, 400)
      assert.equal(run.backend, null)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'caller.bad_config')
      assert.deepEqual(JSON.parse(run.text), { error: 'Bad parameters' })
    }
  })

  it('is not made of a form without end', async () => {
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'x'.repeat(1_048_577),
    }
    assert.equal((await runPlugin(plugin, { config, request })).status, 413)
  })

  it('does not start with a method nobody knows', () => {
    for (const algo of ['RSA-SHA1', 'constructor', 1]) assert.throws(() => setUp(plugin, { ...config, algo }))
  })
})
