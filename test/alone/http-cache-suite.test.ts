/**
 * The public tests of HTTP caches, run against a route with the response cache. They wait for answers to become stale, so
 * they are judged by the clock. What came out is kept in `test/results`.
 *
 * The registry has a list of 2021. The one of today stands in the repository of the suite, and is run when
 * `HTTP_CACHE_TESTS` names a checkout of it:
 *
 *     git clone https://github.com/http-tests/cache-tests && npm --prefix cache-tests install
 *     HTTP_CACHE_TESTS=$PWD/cache-tests node --test test/alone/http-cache-suite.test.ts
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { openCacheSuite, packaged } from '../support/http-cache-suite.ts'

/** Tests of the older list that the suite itself has turned round, made optional or corrected since. */
const SUPERSEDED = [
  // RFC 9111, 5.1: what is no number in `Age` does not count, of several the first does.
  'age-parse-nonnumeric',
  'age-parse-negative',
  'age-parse-float',
  'age-parse-prefix-twoline',
  'age-parse-dup-0',
  'age-parse-dup-0-twoline',
  'age-parse-dup-old',
  'age-parse-parameter',
  'age-parse-numeric-parameter',
  // An error of the proxy was taken for an answer of the cache.
  'stale-close-must-revalidate',
  'stale-close-proxy-revalidate',
  'stale-close-no-cache',
  'stale-close-s-maxage=2',
  // RFC 9111, 3.2: a confirmation may change these.
  '304-etag-update-response-Content-MD5',
  '304-etag-update-response-ETag',
]

interface Expected {
  readonly file: string
  readonly folder: string
  readonly superseded: readonly string[]
  /** Tests that must pass at least. */
  readonly required: number
  readonly optimal: number
}

async function judge({ file, folder, superseded, required, optimal }: Expected): Promise<void> {
  const suite = await openCacheSuite(folder, superseded)
  const gateway = await startGateway({ threads: 2 })
  try {
    await gateway.route({
      id: 'cached',
      name: 'cached',
      frontend: { domains: ['localhost'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: suite.port }] },
      plugins: [
        {
          plugin: 'cp:otoroshi.next.plugins.NgResponseCache',
          config: { ttl: 1_000_000_000, silent: 'heuristic', staleIfError: 60_000 },
        },
      ],
    })
    const result = await suite.run(`http://localhost:${gateway.port}`)
    const text = JSON.stringify(result, null, 2).replaceAll(
      /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g,
      '<id>',
    )
    writeFileSync(join(import.meta.dirname, '../results', file), `${text}\n`)
    const told = JSON.stringify({ ...result.required.failed, ...result.optimal.failed }, null, 2)
    assert.ok(result.required.passed >= required, told)
    assert.ok(result.optimal.passed >= optimal, told)
  } finally {
    await gateway.stop()
    suite.close()
  }
}

describe('the response cache does what caches must do, and most of what good ones do', () => {
  it('by the list of the registry', () =>
    judge({ file: 'http-cache.json', folder: packaged, superseded: SUPERSEDED, required: 135, optimal: 74 }))

  const checkout = process.env['HTTP_CACHE_TESTS']
  const skip = checkout === undefined ? 'no checkout of http-tests/cache-tests is named' : false
  it('by the list of today', { skip }, () =>
    judge({
      file: 'http-cache-today.json',
      folder: checkout!,
      superseded: [],
      required: 150,
      optimal: 90,
    }),
  )
})
