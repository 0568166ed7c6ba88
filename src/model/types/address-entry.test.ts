import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressList } from '../../plugins/address-list.ts'
import { isAddressEntry } from './address-entry.ts'

describe('an entry of a list of addresses', () => {
  it('is an address, a network or a pattern', () => {
    for (const entry of [
      '10.0.0.1',
      ' 10.0.0.0/8 ',
      '2001:db8::/32',
      '::1',
      '*',
      '10.0.*',
      '10.*.0.1',
      '2001:db8:*',
    ])
      assert.ok(isAddressEntry(entry), entry)
  })

  it('is nothing else', () => {
    const wrong = [
      '',
      'localhost',
      '10.0.0.300',
      '300.*',
      '10.0.0.1.*.*',
      '10.0.0.0/40',
      '::/129',
      'fe80::1%eth0',
      'a*',
    ]
    for (const entry of wrong) assert.equal(isAddressEntry(entry), false, entry)
  })

  it('is always one that lists can be made of', () => {
    const piece = fc.constantFrom(
      ...['*', '.', ':', '::', '/', '0', '1', '8', '32', '255', '10', 'ffff', 'db8', '0.0.0.0', '%'],
    )
    const entry = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
    let taken = 0
    fc.assert(
      fc.property(entry, text => {
        if (!isAddressEntry(text)) return
        taken++
        assert.doesNotThrow(() => addressList([text]), text)
      }),
      { numRuns: 20_000 },
    )
    assert.ok(taken > 50, `only ${taken} entries were tried`)
  })
})
