import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './security-headers-plugin.ts'

async function got(config: object, headers: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config, backend: { headers }, ...more })
  return Object.fromEntries(run.headers)
}

const https: PluginRunInput = { request: { url: 'https://gateway.test/' } }
const backend = {
  'X-Frame-Options': 'DENY',
  'x-xss-protection': '1',
  'X-Content-Type-Options': 'nosniff',
  'strict-transport-security': 'max-age=1',
  'Content-Security-Policy': "default-src 'none'",
  'Content-Security-Policy-Report-Only': 'x',
  'Referrer-Policy': 'origin',
  'permissions-policy': 'camera=()',
  'X-Other': 'stays',
}

describe('security headers', () => {
  it('that are disabled are taken away, which is the default', async () => {
    assert.deepEqual(await got({}, backend, https), { 'X-Other': 'stays' })
  })

  it('replace those of the backend', async () => {
    const config = {
      frame_options: 'SAMEORIGIN',
      xss_protection: 'BLOCK',
      content_type_options: true,
      hsts: { enabled: true, include_subdomains: true, max_age: 60, preload: true },
      csp: { mode: 'ENABLED', csp: "default-src 'self'" },
      referrer_policy: 'STRICT_ORIGIN',
      permissions_policy: { enabled: true, policy: 'geolocation=()' },
    }
    assert.deepEqual(await got(config, backend, https), {
      'X-Other': 'stays',
      'X-Frame-Options': 'SAMEORIGIN',
      'X-XSS-Protection': '1; mode=block',
      'X-Content-Type-Options': 'nosniff',
      'Strict-Transport-Security': 'max-age=60; includeSubDomains; preload',
      'Content-Security-Policy': "default-src 'self'",
      'Referrer-Policy': 'strict-origin',
      'Permissions-Policy': 'geolocation=()',
    })
  })

  it('that are words have few values', async () => {
    assert.deepEqual(await got({ xss_protection: 'OFF', frame_options: 'DENY' }), {
      'X-XSS-Protection': '0',
      'X-Frame-Options': 'DENY',
    })
    assert.deepEqual(await got({ frame_options: 'disabled', referrer_policy: 'Disabled' }), {})
    assert.deepEqual(await got({ xss_protection: 'ON' }), { 'X-XSS-Protection': '1' })
    assert.deepEqual(await got({ csp: { mode: 'REPORT_ONLY', csp: 'x' } }), {
      'Content-Security-Policy-Report-Only': 'x',
    })
    assert.deepEqual(await got({ csp: { mode: 'ENABLED', csp: ' ' } }), {})
  })

  it('tell of HTTPS over HTTPS only, unless somebody wants it otherwise', async () => {
    const hsts = { enabled: true }
    const field = { 'Strict-Transport-Security': 'max-age=3600' }
    assert.deepEqual(await got({ hsts }), {})
    assert.deepEqual(await got({ hsts }, {}, https), field)
    assert.deepEqual(await got({ hsts: { ...hsts, on_http: true } }), field)
    const forwarded = { request: { headers: { 'X-Forwarded-Proto': 'https' } } }
    assert.deepEqual(await got({ hsts }, {}, forwarded), field)
    assert.deepEqual(await got({ hsts }, {}, { ...forwarded, services: { trustForwarded: false } }), {})
  })

  it('do not start with values that are none', () => {
    for (const config of [
      { frame_options: 'ALLOW-FROM x' },
      { xss_protection: 'MAYBE' },
      { referrer_policy: 'none' },
      { csp: { mode: 'ENABLED', csp: 'a\r\nX: b' } },
      { csp: { mode: 'SOMETIMES' } },
      { permissions_policy: { enabled: true, policy: 'a\nb' } },
      { hsts: { max_age: -1 } },
      { hsts: [] },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
