import assert from 'node:assert/strict'
import { it } from 'node:test'
import { acceptedCodings, weightOfCoding } from './accept-encoding.ts'

const weight = (field: string, coding = 'gzip') => weightOfCoding(acceptedCodings([field]), coding)

it('a client takes what it names, as much as it says', () => {
  for (const [field, wanted] of [
    ['', 0],
    ['gzip', 1],
    ['GZIP ; Q=0.5', 0.5],
    ['x-gzip', 1],
    ['gzip;q=0', 0],
    ['gzip;q=0.000', 0],
    ['*', 1],
    ['*;q=0.2', 0.2],
    ['br, *;q=0', 0],
    ['gzip;q=0.5, identity;q=0.6', 0],
    ['gzip;q=0.6, identity;q=0.6', 0.6],
    ['gzip;q=2', 0],
    ['gzip;q=nonsense', 0],
    ['gzip;level=9', 1],
    ['gzipped', 0],
    [`${'a,'.repeat(1000)}gzip`, 0],
  ] as const)
    assert.equal(weight(field), wanted, field)
})
