import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, type Fields, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './hmac-validator.ts'

const signature = (hash: string, text: string, secret = 'shared'): string =>
  createHmac(hash, secret).update(text).digest('base64')
const header = (algorithm: string, headers: string, value: string): string =>
  `hmac algorithm="${algorithm}", headers="${headers}", signature="${value}"`

async function passes(headers: Fields, config: object = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, {
    config: { secret: 'shared', ...config },
    request: { headers },
    ...more,
  })
  assert.equal(run.status, run.backend === null ? 400 : 200)
  return run.backend !== null
}

/** Whoever signed it may send it for ever. */
const any = { max_age_seconds: null }
const now = (): string => String(Date.now())
const signed = (date: string): Record<string, string> => ({
  Date: date,
  Authorization: header('hmac-sha512', 'Date', signature('sha512', date)),
})

describe('an HMAC of a request', () => {
  it('lets what HMACCaller signs pass', async () => {
    assert.ok(await passes(signed(now())))
  })

  it('may be by each of the algorithms, over several fields in the order in which they are listed', async () => {
    for (const [algorithm, hash] of [
      ['hmac-sha1', 'sha1'],
      ['HMAC-SHA256', 'sha256'],
      ['hmac-sha384', 'sha384'],
      ['hmac-sha512', 'sha512'],
    ] as const) {
      const fields: Record<string, string> = {
        'X-A': 'a',
        'X-B': 'b',
        Authorization: header(algorithm, 'x-b X-A', signature(hash, 'b a')),
      }
      assert.ok(await passes(fields, any), algorithm)
    }
    const swapped = {
      'X-A': 'b',
      'X-B': 'a',
      Authorization: header('hmac-sha256', 'x-a x-b', signature('sha256', 'a b')),
    }
    assert.ok(!(await passes(swapped, any)))
  })

  it('is by SHA-256 unless it says otherwise', async () => {
    const value = signature('sha256', 'a')
    assert.ok(await passes({ 'X-A': 'a', Authorization: `hmac headers="X-A", signature="${value}"` }, any))
  })

  it('may stand in Proxy-Authorization or a header of the settings, once', async () => {
    const { Date: date, Authorization: value } = signed(now())
    assert.ok(await passes({ Date: date!, 'Proxy-Authorization': value! }))
    assert.ok(
      await passes(
        { Date: date!, 'X-Sig': value!, Authorization: 'Basic x' },
        { authorizationHeader: 'X-Sig' },
      ),
    )
    assert.ok(await passes({ Date: date!, Authorization: value! }, { authorizationHeader: 'X-Sig' }))
    assert.ok(!(await passes({ Date: date!, Authorization: value!, 'Proxy-Authorization': value! })))
  })

  it('may be by the secret of the API key', async () => {
    const key = apikey({ clientId: 'id', clientSecret: 'shared' })
    const before: PluginRunInput['before'] = exchange => exchange.attributes.set(apikeyAttribute, key)
    assert.ok(await passes(signed(now()), { secret: null }, { before }))
    assert.ok(!(await passes(signed(now()), { secret: null })))
    assert.ok(!(await passes(signed(now()), { secret: '' })))
  })

  it('is of the fields that must be signed, whatever list the client writes', async () => {
    // A signature says nothing of names: the values of one request fit other fields of the same values.
    const date = String(Date.now() - 400_000)
    const replayed = {
      'X-Other': date,
      Date: now(),
      Authorization: header('hmac-sha512', 'X-Other', signature('sha512', date)),
    }
    assert.ok(!(await passes(replayed)), 'an old date under another name')
    const when = now()
    const value = signature('sha512', `${when} bob`)
    const good = { Date: when, 'X-User': 'bob', Authorization: header('hmac-sha512', 'Date X-User', value) }
    const config = { required_headers: ['X-User'] }
    assert.ok(await passes(good, config))
    const moved = {
      Date: when,
      'X-User': 'eve',
      'X-Other': 'bob',
      Authorization: header('hmac-sha512', 'Date X-Other', value),
    }
    assert.ok(!(await passes(moved, config)))
    assert.ok(!(await passes(signed(now()), config)))
  })

  it('over a date is good for a while', async () => {
    const old = String(Date.now() - 400_000)
    assert.ok(!(await passes(signed(old))))
    assert.ok(!(await passes(signed(String(Date.now() + 400_000)))))
    assert.ok(await passes(signed(old), { max_age_seconds: 500 }))
    assert.ok(await passes(signed(old), { max_age_seconds: null }))
    assert.ok(await passes(signed(new Date().toUTCString())))
    assert.ok(!(await passes(signed('yesterday'))))
  })

  it('that is wrong, or over what is not there once, does not pass', async () => {
    const date = now()
    const right = signature('sha512', date)
    const bad: Fields[] = [
      {},
      { Date: date },
      { Date: date, Authorization: header('hmac-sha512', 'Date', signature('sha512', date, 'other')) },
      { Date: date, Authorization: header('hmac-sha256', 'Date', right) },
      { Date: date, Authorization: header('md5', 'Date', right) },
      { Date: date, Authorization: header('constructor', 'Date', right) },
      { Date: date, Authorization: header('hmac-sha512', '', signature('sha512', '')) },
      { Date: date, Authorization: header('hmac-sha512', 'Date X-None', signature('sha512', `${date} `)) },
      { Date: date, Authorization: header('hmac-sha512', 'Date', '') },
      { Date: date, Authorization: `${header('hmac-sha512', 'Date', right)}, headers="Date"` },
      { Date: date, Authorization: `Basic ${right}` },
      [
        ['Date', date],
        ['Date', '0'],
        ['Authorization', header('hmac-sha512', 'Date', right)],
      ],
    ]
    for (const fields of bad) assert.ok(!(await passes(fields)), JSON.stringify(fields))
  })

  it('is refused with a reason and without a word about the right one', async () => {
    const run = await runPlugin(plugin, { config: { secret: 'shared' } })
    assert.equal(run.refusal?.reason, 'hmac.refused')
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'Bad request' })
  })
})
