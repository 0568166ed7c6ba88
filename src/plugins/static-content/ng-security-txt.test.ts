import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-security-txt.ts'

const url = '/.well-known/security.txt'

async function file(config: Record<string, unknown>, more: PluginRunInput = {}): Promise<string[]> {
  const run = await runPlugin(plugin, { ...more, config, request: { url } })
  assert.equal(run.status, 200)
  assert.equal(run.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(run.backend, null)
  assert.ok(run.text.endsWith('\n'))
  return run.text.trimEnd().split('\n')
}

/** Years from now until the file expires. */
function yearsLeft(lines: readonly string[]): number {
  const expires = lines.filter(line => line.startsWith('Expires: '))
  assert.equal(expires.length, 1)
  assert.match(expires[0]!, /^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  return (Date.parse(expires[0]!.slice(9)) - Date.now()) / (365.25 * 86_400_000)
}

describe('security.txt', () => {
  it('has a contact, an expiry and its own address', async () => {
    const lines = await file({}, { route: { domains: ['*.api.test', 'api.test/v1', 'other.test'] } })
    assert.equal(lines[0], 'Contact: mailto:contact@foo.bar')
    assert.equal(lines[2], 'Canonical: https://api.test/.well-known/security.txt')
    assert.equal(lines.length, 3)
    assert.ok(Math.abs(yearsLeft(lines) - 1) < 0.01)
  })

  it('names no address of its own when the route has only patterns', async () => {
    const lines = await file({}, { route: { domains: ['*', '*.api.test'] } })
    assert.equal(lines.length, 2)
  })

  it('writes every line that is set, in order', async () => {
    const lines = await file({
      contact: ['https://a.test/report', 'tel:+33-1', 'security@a.test'],
      expires: '2031-01-01T00:00:00Z',
      acknowledgments: 'https://a.test/thanks',
      preferred_languages: 'en,fr-FR',
      policy: 'https://a.test/policy',
      hiring: 'https://a.test/jobs',
      encryption: 'openpgp4fpr:5f2de5521c63a801ab59ccb603d49de44b29100f',
      csaf: 'https://a.test/csaf',
    })
    assert.deepEqual(lines, [
      'Contact: https://a.test/report',
      'Contact: tel:+33-1',
      'Contact: mailto:security@a.test',
      'Expires: 2031-01-01T00:00:00Z',
      'Canonical: https://gateway.test/.well-known/security.txt',
      'Acknowledgments: https://a.test/thanks',
      'Preferred-Languages: en, fr-FR',
      'Policy: https://a.test/policy',
      'Hiring: https://a.test/jobs',
      'Encryption: openpgp4fpr:5f2de5521c63a801ab59ccb603d49de44b29100f',
      'CSAF: https://a.test/csaf',
    ])
  })

  it('expires so many years from now when it renews itself, but a fixed date counts first', async () => {
    assert.ok(Math.abs(yearsLeft(await file({ auto_expires: true, expires_years: 3 })) - 3) < 0.01)
    assert.ok(Math.abs(yearsLeft(await file({ auto_expires: false, expires_years: 3 })) - 1) < 0.01)
    const fixed = await file({ auto_expires: true, expires: '2031-01-01T00:00:00+01:00' })
    assert.equal(fixed[1], 'Expires: 2031-01-01T00:00:00+01:00')
  })

  it('is served to GET and HEAD at its one path', async () => {
    assert.equal((await runPlugin(plugin, { request: { url, method: 'HEAD' } })).backend, null)
    for (const request of [{ url, method: 'POST' }, { url: '/security.txt' }, { url: `${url}/` }])
      assert.notEqual((await runPlugin(plugin, { request })).backend, null)
  })

  it('closes the route with settings that make no valid file', async () => {
    for (const config of [
      { contact: [] },
      { contact: ['not a uri'] },
      { contact: ['https://a.test/\nPolicy: https://evil.test'] },
      { policy: 'https://a.test\r\nCanonical: https://evil.test' },
      { policy: 'nothing' },
      { expires: 'tomorrow' },
      { expires: '2031-13-01T00:00:00Z' },
      { expires: '2031-01-01' },
      { preferred_languages: 'en, français' },
      { expires_years: 0 },
      { expires_years: 1e9 },
    ])
      await assert.rejects(runPlugin(plugin, { config, request: { url } }), JSON.stringify(config))
  })
})
